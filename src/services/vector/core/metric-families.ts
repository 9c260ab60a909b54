import { counter, gauge, type MetricFamily } from '#kernel/metrics';
import type { Delivery } from './deliver/delivery.ts';
import type { Intake } from './intake.ts';

/** The room's figures, under the names of Vector's internal metrics. */
export function metricFamilies(deliveries: readonly Delivery[], intake: Intake | undefined): readonly MetricFamily[] {
  const sinks = deliveries.map(({ name, figures }) => ({ labels: { component_id: name }, figures }));
  const source = { component_id: 'stack' };
  return [
    counter(
      'vector_component_received_events_total',
      'Events taken from this program',
      intake ? [{ labels: source, value: intake.figures.taken }] : [],
    ),
    counter(
      'vector_component_sent_events_total',
      'Events that a sink took',
      sinks.map(({ labels, figures }) => ({ labels, value: figures.delivered })),
    ),
    counter('vector_component_discarded_events_total', 'Events that were lost', [
      ...(intake ? [{ labels: source, value: intake.figures.dropped }] : []),
      ...sinks.map(({ labels, figures }) => ({ labels, value: figures.dropped + figures.refused })),
    ]),
    gauge(
      'vector_buffer_byte_size',
      'Bytes that wait for a sink',
      sinks.flatMap(({ labels, figures }) => [
        { labels: { ...labels, buffer_type: 'memory' }, value: figures.waitingInMemory },
        { labels: { ...labels, buffer_type: 'disk' }, value: figures.waitingOnDisk },
      ]),
    ),
    gauge(
      'vector_component_failing',
      'Whether the last attempt to send failed',
      sinks.map(({ labels, figures }) => ({ labels, value: Number(figures.failure !== undefined) })),
    ),
  ];
}
