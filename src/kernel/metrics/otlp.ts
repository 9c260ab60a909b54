import type { Labels, MetricFamily } from './family.ts';

/** Sums grow from the start of the program on (`AGGREGATION_TEMPORALITY_CUMULATIVE`). */
const cumulative = 2;

/** When families were counted. Milliseconds since the epoch. */
export interface CountedWithin {
  /** Since when counters count. */
  readonly from: number;
  readonly to: number;
}

/**
 * Families as a request of OTLP over HTTP in JSON (opentelemetry-proto, `ExportMetricsServiceRequest`; whole numbers of 64
 * bits are texts there).
 */
export function otlpRequest(families: readonly MetricFamily[], resource: Labels, counted: CountedWithin): object {
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributes(resource) },
        scopeMetrics: [
          { scope: { name: 'pmoves-supabase' }, metrics: families.map((family) => metric(family, counted)) },
        ],
      },
    ],
  };
}

function metric(family: MetricFamily, { from, to }: CountedWithin): object {
  const { name, help: description } = family;
  const now = { timeUnixNano: nanoseconds(to) };
  const since = { startTimeUnixNano: nanoseconds(from), ...now };
  if (family.type === 'histogram') {
    const dataPoints = family.samples.map(({ labels, bounds, counts, sum, count }) => ({
      ...since,
      attributes: attributes(labels),
      count: String(count),
      sum,
      explicitBounds: bounds,
      // There each stands for what lies between two bounds.
      bucketCounts: [...counts, count].map((upTo, index) => String(upTo - (counts[index - 1] ?? 0))),
    }));
    return { name, description, histogram: { aggregationTemporality: cumulative, dataPoints } };
  }
  const points = (times: object) =>
    family.samples
      .filter(({ value }) => Number.isFinite(value))
      .map(({ labels, value }) => ({ ...times, attributes: attributes(labels), asDouble: value }));
  return family.type === 'gauge'
    ? { name, description, gauge: { dataPoints: points(now) } }
    : {
        name,
        description,
        sum: { aggregationTemporality: cumulative, isMonotonic: true, dataPoints: points(since) },
      };
}

const attributes = (labels: Labels): object[] =>
  Object.entries(labels).map(([key, value]) => ({ key, value: { stringValue: value } }));

const nanoseconds = (milliseconds: number): string => String(BigInt(Math.round(milliseconds)) * 1_000_000n);
