import type { SupervisedRoom, Supervisor } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import {
  createMetricsSender,
  gauge,
  type MetricFamily,
  type MetricsSender,
  mergeFamilies,
  processFamilies,
  withLabels,
} from '#kernel/metrics';
import type { LoadedSettings } from './load-settings.ts';
import { otlpPairs } from './otlp-pairs.ts';
import { collectorBase } from './trace-settings.ts';

/** Milliseconds that a room has to say what it counts; one that takes longer is left out of the answer. */
const patience = 2_500;

/**
 * What all rooms of this process count, each series with the name of its room, what the process costs, and whether the
 * rooms are well. A room that fails or is slow is left out.
 */
export async function collectMetrics(
  rooms: readonly SupervisedRoom[],
  health: Supervisor['health'],
): Promise<readonly MetricFamily[]> {
  const counted = rooms.map(async ({ name, room }) =>
    (await orNothing(room.metrics?.() ?? [], [])).map((family) => withLabels(family, { room: name })),
  );
  const report = await orNothing(health(), {});
  const well = gauge(
    'stack_room_healthy',
    'Whether the room is well',
    Object.entries(report).map(([room, { status }]) => ({ labels: { room }, value: Number(status === 'healthy') })),
  );
  return mergeFamilies([well, ...(await Promise.all(counted)).flat(), ...processFamilies()]);
}

async function orNothing<T>(wanted: T | Promise<T>, nothing: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(nothing), patience);
  });
  return Promise.race([Promise.resolve(wanted).catch(() => nothing), late]).finally(() => clearTimeout(timer));
}

/** What sends the metrics of this process, where settings ask for it. */
export function openMetricsSender(
  { stack, auth }: Pick<LoadedSettings, 'stack' | 'auth'>,
  collect: () => Promise<readonly MetricFamily[]>,
  log: Logger,
): MetricsSender | undefined {
  const asked = stack.otlpMetricsEndpoint !== undefined || (auth.metrics && auth.metricsExporter === 'opentelemetry');
  if (!(stack.sendMetrics ?? asked)) return undefined;
  const url = stack.otlpMetricsEndpoint ?? `${collectorBase(stack)}/v1/metrics`;
  return createMetricsSender({
    url,
    headers: otlpPairs(stack.otlpHeaders),
    resource: {
      ...otlpPairs(stack.resourceAttributes),
      'service.name': stack.serviceName,
      // Each process of a stack sends its own.
      'service.instance.id': `${process.pid}`,
    },
    interval: stack.metricsInterval,
    timeout: stack.otlpTimeout,
    collect,
    onFailure: ({ message }) => log.warn({ url, reason: message }, 'the collector does not take metrics'),
  });
}
