import { counter, gauge, type MetricFamily } from '#kernel/metrics';
import type { StoreFigures } from './log-store.ts';

/** The store's figures. The original has no names for these. */
export const metricFamilies = (figures: StoreFigures, tails: number): readonly MetricFamily[] => [
  counter('analytics_events_stored_total', 'Events that were stored', figures.stored),
  counter('analytics_events_expired_total', 'Events that were too old when they came', figures.expired),
  counter('analytics_events_refused_total', 'Events that could not be stored', figures.refused),
  gauge('analytics_events_waiting', 'Events that wait to be stored', figures.waiting),
  gauge('analytics_partitions', 'Partitions of the table of events', figures.partitions),
  gauge('analytics_size_bytes', 'Size of the table of events', figures.bytes),
  gauge('analytics_tails', 'Readers that follow the log', tails),
];
