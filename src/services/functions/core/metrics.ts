import { createHistogram, gauge, type MetricFamily } from '#kernel/metrics';
import type { JournalEntry } from './events/journal.ts';

/** What is counted of invocations. */
export interface FunctionsMetrics {
  /** Hears of every entry of the journal. */
  heard(entry: JournalEntry): void;
  families(workers: Iterable<{ readonly isRetired: boolean }>): readonly MetricFamily[];
}

/** Creates the metrics, all at zero. The original has no names for these. */
export function createFunctionsMetrics(): FunctionsMetrics {
  const times = createHistogram(
    {
      name: 'functions_invocation_duration_seconds',
      help: 'Duration of invocations in seconds',
      labels: ['function', 'status_code'],
    },
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 150],
  );
  return {
    heard(entry) {
      if (entry.kind !== 'invocation') return;
      // Anybody can ask for names that are none.
      const name = entry.execution_id === undefined ? '' : entry.function;
      times.observe(entry.execution_time_ms / 1_000, name, String(entry.status_code));
    },
    families(workers) {
      const retired = [...workers].map(({ isRetired }) => isRetired);
      const count = (wanted: boolean) => retired.filter((isRetired) => isRetired === wanted).length;
      return [
        times.family(),
        gauge('functions_workers', 'Processes that run functions', [
          { labels: { state: 'active' }, value: count(false) },
          { labels: { state: 'retired' }, value: count(true) },
        ]),
      ];
    },
  };
}
