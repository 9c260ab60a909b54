import { counter, gauge, type MetricFamily } from '#kernel/metrics';
import type { Engine } from './engine.ts';

/** What metrics are made of. */
export type MetricSources = Pick<Engine, 'pool' | 'loads' | 'tokenCache'>;

/** The room's metrics, under the names PostgREST gives them (its docs, "Metrics"). */
export function metricFamilies({ pool, loads, tokenCache }: MetricSources): readonly MetricFamily[] {
  const hits = tokenCache?.hits ?? 0;
  return [
    gauge(
      'pgrst_schema_cache_query_time_seconds',
      'The query time in seconds of the last schema cache load',
      loads.querySeconds,
    ),
    counter('pgrst_schema_cache_loads_total', 'The total number of times the schema cache was loaded', [
      { labels: { status: 'SUCCESS' }, value: loads.succeeded },
      { labels: { status: 'FAIL' }, value: loads.failed },
    ]),
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
