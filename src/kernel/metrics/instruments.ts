import type { Distribution, Labels, MetricFamily, Sample } from './family.ts';

/** What an instrument is called, and by which labels its series differ. */
export interface InstrumentOptions {
  readonly name: string;
  readonly help: string;
  /** Names of the labels, in the order in which their values are given. */
  readonly labels?: readonly string[];
}

/** Counts that only grow, one for each set of label values. */
export interface Counter {
  add(by: number, ...values: readonly string[]): void;
  family(): MetricFamily;
}

/** How values are spread, for each set of label values. */
export interface Histogram {
  observe(value: number, ...values: readonly string[]): void;
  family(): MetricFamily;
}

/** Series that an instrument may have. Values of labels come from what is known beforehand; this is in case they do not. */
const mostSeries = 5_000;

/** Creates a counter without series; one without labels is there from the start. */
export function createCounter({ name, help, labels = [] }: InstrumentOptions): Counter {
  const series = createSeries(labels, () => ({ value: 0 }));
  return {
    add(by, ...values) {
      const found = series.at(values);
      if (found) found.value += by;
    },
    family: () => ({ name, type: 'counter', help, samples: series.all() satisfies readonly Sample[] }),
  };
}

/** Creates a histogram without series; one without labels is there from the start. @param bounds upper ones, rising */
export function createHistogram({ name, help, labels = [] }: InstrumentOptions, bounds: readonly number[]): Histogram {
  const series = createSeries(labels, () => ({ bounds, counts: bounds.map(() => 0), sum: 0, count: 0 }));
  return {
    observe(value, ...values) {
      const found = series.at(values);
      if (!found) return;
      found.sum += value;
      found.count++;
      // The largest bound first: most values are small, but the counts of all larger bounds have to grow with them.
      for (let index = bounds.length - 1; index >= 0 && value <= (bounds[index] as number); index--)
        (found.counts[index] as number)++;
    },
    family: () => ({ name, type: 'histogram', help, samples: series.all() satisfies readonly Distribution[] }),
  };
}

/** Series by the values of their labels. */
function createSeries<T extends object>(names: readonly string[], make: () => T) {
  const series = new Map<string, { readonly labels: Labels; readonly content: T }>();
  const at = (values: readonly string[]): T | undefined => {
    const key = values.length === 1 ? (values[0] as string) : values.join('\u0000');
    const known = series.get(key);
    if (known) return known.content;
    if (series.size >= mostSeries) return undefined;
    const content = make();
    series.set(key, { labels: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])), content });
    return content;
  };
  if (names.length === 0) at([]);
  return { at, all: () => [...series.values()].map(({ labels, content }) => ({ labels, ...content })) };
}
