import type { Engine } from './engine.ts';

/** What metrics are made of. */
export type MetricSources = Pick<Engine, 'pool' | 'loads' | 'tokenCache'>;

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Labels as text (`{status="SUCCESS"}`) → value. */
  readonly values: readonly (readonly [labels: string, value: number])[];
}

/** The room's metrics in Prometheus' text format, under the names PostgREST gives them (its docs, "Metrics"). */
export function renderMetrics(sources: MetricSources): string {
  return families(sources).map(renderFamily).join('');
}

function families({ pool, loads, tokenCache }: MetricSources): Family[] {
  const hits = tokenCache?.hits ?? 0;
  return [
    gauge(
      'pgrst_schema_cache_query_time_seconds',
      'The query time in seconds of the last schema cache load',
      loads.querySeconds,
    ),
    {
      name: 'pgrst_schema_cache_loads_total',
      type: 'counter',
      help: 'The total number of times the schema cache was loaded',
      values: [
        ['{status="SUCCESS"}', loads.succeeded],
        ['{status="FAIL"}', loads.failed],
      ],
    },
    counter('pgrst_db_pool_timeouts_total', 'The total number of pool connection timeouts', pool.timeouts),
    gauge('pgrst_db_pool_available', 'Available connections in the pool', pool.idle),
    gauge('pgrst_db_pool_waiting', 'Requests waiting to acquire a pool connection', pool.waiting),
    gauge('pgrst_db_pool_max', 'Max pool connections', pool.max),
    counter(
      'pgrst_jwt_cache_requests_total',
      'The total number of JWT cache lookups',
      hits + (tokenCache?.misses ?? 0),
    ),
    counter('pgrst_jwt_cache_hits_total', 'The total number of JWT cache hits', hits),
    counter('pgrst_jwt_cache_evictions_total', 'The total number of JWT cache evictions', tokenCache?.evictions ?? 0),
  ];
}

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  type: 'gauge',
  help,
  values: [['', value]],
});

const counter = (name: string, help: string, value: number): Family => ({
  ...gauge(name, help, value),
  type: 'counter',
});

function renderFamily({ name, type, help, values }: Family): string {
  const lines = values.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
