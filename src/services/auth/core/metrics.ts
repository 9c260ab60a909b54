import type { PoolStats } from '#kernel/sql';
import type { Passwords } from './passwords.ts';

/** What is counted of requests. */
export interface Metrics {
  /** @param route pattern of the path, not the path itself: there is an end to patterns */
  note(route: string, status: number, milliseconds: number): void;
  /** The same passwords, counted. */
  counting(passwords: Passwords): Passwords;
  /** Everything in Prometheus' text format (version 0.0.4), under the names of GoTrue. */
  render(pool: PoolStats): string;
}

/** Upper bounds of the buckets of durations, in milliseconds. */
const bounds = [5, 10, 25, 50, 75, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

interface Durations {
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** Creates empty metrics. */
export function createMetrics(): Metrics {
  const statuses = new Map<string, number>();
  const durations = new Map<string, Durations>();
  const work = { verifiesBegun: 0, verifiesDone: 0, hashesBegun: 0, hashesDone: 0 };
  const began = Date.now() / 1_000 - process.uptime();

  async function counted<T>(
    begun: 'verifiesBegun' | 'hashesBegun',
    done: 'verifiesDone' | 'hashesDone',
    run: () => Promise<T>,
  ): Promise<T> {
    work[begun]++;
    try {
      return await run();
    } finally {
      work[done]++;
    }
  }

  return {
    note(route, status, milliseconds) {
      const key = labels({ code: String(status), http_route: route });
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
      const times = durations.get(route) ?? { buckets: bounds.map(() => 0), sum: 0, count: 0 };
      durations.set(route, times);
      times.sum += milliseconds;
      times.count++;
      for (const [index, bound] of bounds.entries())
        if (milliseconds <= bound) times.buckets[index] = (times.buckets[index] ?? 0) + 1;
    },
    counting: (passwords) => ({
      ...passwords,
      hash: (password) => counted('hashesBegun', 'hashesDone', () => passwords.hash(password)),
      verify: (...args) => counted('verifiesBegun', 'verifiesDone', () => passwords.verify(...args)),
    }),
    render: (pool) =>
      [
        family('gotrue_running', 'gauge', 'Whether GoTrue is running (always 1)', [['', 1]]),
        family('db_sql_connection_open', 'gauge', 'The number of established connections both in use and idle', [
          [labels({ status: 'idle' }), pool.idle],
          [labels({ status: 'inuse' }), pool.open - pool.idle],
        ]),
        family('db_sql_connection_max_open', 'gauge', 'Maximum number of open connections to the database', [
          ['', pool.max],
        ]),
        family('db_sql_connection_wait_total', 'counter', 'The total number of connections waited for', [
          ['', pool.waits],
        ]),
        family(
          'db_sql_connection_wait_duration_total',
          'counter',
          'The total time in milliseconds spent waiting for a connection',
          [['', pool.waited]],
        ),
        family(
          'gotrue_compare_hash_and_password_submitted_total',
          'counter',
          'Number of submitted password comparisons',
          [['', work.verifiesBegun]],
        ),
        family(
          'gotrue_compare_hash_and_password_completed_total',
          'counter',
          'Number of completed password comparisons',
          [['', work.verifiesDone]],
        ),
        family('gotrue_generate_from_password_submitted_total', 'counter', 'Number of submitted password hashes', [
          ['', work.hashesBegun],
        ]),
        family('gotrue_generate_from_password_completed_total', 'counter', 'Number of completed password hashes', [
          ['', work.hashesDone],
        ]),
        family('http_status_codes_total', 'counter', 'Number of returned HTTP status codes', [...statuses]),
        histogram(durations),
        family('process_start_time_seconds', 'gauge', 'Start time of the process since the epoch in seconds', [
          ['', began],
        ]),
        family('process_resident_memory_bytes', 'gauge', 'Resident memory of the process in bytes', [
          ['', process.memoryUsage.rss()],
        ]),
        family('process_cpu_seconds_total', 'counter', 'Processor time of the process in seconds', [
          ['', cpuSeconds()],
        ]),
      ].join(''),
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const labels = (pairs: Readonly<Record<string, string>>): string =>
  `{${Object.entries(pairs)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;

function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  values: readonly (readonly [labels: string, value: number])[],
): string {
  const lines = values.map(([text, value]) => `${name}${text} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function histogram(durations: ReadonlyMap<string, Durations>): string {
  const name = 'http_server_duration';
  const lines = [...durations].flatMap(([route, { buckets, sum, count }]) => [
    ...bounds.map((le, index) => `${name}_bucket${labels({ http_route: route, le: String(le) })} ${buckets[index]}\n`),
    `${name}_bucket${labels({ http_route: route, le: '+Inf' })} ${count}\n`,
    `${name}_sum${labels({ http_route: route })} ${sum}\n`,
    `${name}_count${labels({ http_route: route })} ${count}\n`,
  ]);
  return `# HELP ${name} Measures the duration of inbound HTTP requests in milliseconds\n# TYPE ${name} histogram\n${lines.join('')}`;
}
