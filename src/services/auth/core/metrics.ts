import { counter, createCounter, createHistogram, gauge, type MetricFamily } from '#kernel/metrics';
import type { PoolStats } from '#kernel/sql';
import type { Passwords } from './passwords.ts';

/** What is counted of requests. */
export interface Metrics {
  /** @param route pattern of the path, not the path itself: there is an end to patterns */
  note(route: string, status: number, milliseconds: number): void;
  /** The same passwords, counted. */
  counting(passwords: Passwords): Passwords;
  /** Everything, under the names of GoTrue. */
  families(pool: PoolStats): readonly MetricFamily[];
}

/** Upper bounds of the buckets of durations, in milliseconds. */
const bounds = [5, 10, 25, 50, 75, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** Creates empty metrics. */
export function createMetrics(): Metrics {
  const statuses = createCounter({
    name: 'http_status_codes_total',
    help: 'Number of returned HTTP status codes',
    labels: ['code', 'http_route'],
  });
  const durations = createHistogram(
    {
      name: 'http_server_duration',
      help: 'Measures the duration of inbound HTTP requests in milliseconds',
      labels: ['http_route'],
    },
    bounds,
  );
  const work = (name: string, help: string) => createCounter({ name: `gotrue_${name}_total`, help });
  const verifies = {
    begun: work('compare_hash_and_password_submitted', 'Number of submitted password comparisons'),
    done: work('compare_hash_and_password_completed', 'Number of completed password comparisons'),
  };
  const hashes = {
    begun: work('generate_from_password_submitted', 'Number of submitted password hashes'),
    done: work('generate_from_password_completed', 'Number of completed password hashes'),
  };

  async function counted<T>({ begun, done }: typeof hashes, run: () => Promise<T>): Promise<T> {
    begun.add(1);
    try {
      return await run();
    } finally {
      done.add(1);
    }
  }

  return {
    note(route, status, milliseconds) {
      statuses.add(1, String(status), route);
      durations.observe(milliseconds, route);
    },
    counting: (passwords) => ({
      ...passwords,
      hash: (password) => counted(hashes, () => passwords.hash(password)),
      verify: (...args) => counted(verifies, () => passwords.verify(...args)),
    }),
    families: (pool) => [
      gauge('gotrue_running', 'Whether GoTrue is running (always 1)', 1),
      gauge('db_sql_connection_open', 'The number of established connections both in use and idle', [
        { labels: { status: 'idle' }, value: pool.idle },
        { labels: { status: 'inuse' }, value: pool.open - pool.idle },
      ]),
      gauge('db_sql_connection_max_open', 'Maximum number of open connections to the database', pool.max),
      counter('db_sql_connection_wait_total', 'The total number of connections waited for', pool.waits),
      counter(
        'db_sql_connection_wait_duration_total',
        'The total time in milliseconds spent waiting for a connection',
        pool.waited,
      ),
      ...[verifies, hashes].flatMap(({ begun, done }) => [begun.family(), done.family()]),
      statuses.family(),
      durations.family(),
    ],
  };
}
