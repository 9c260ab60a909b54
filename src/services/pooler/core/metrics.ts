import {
  counter,
  createHistogram,
  gauge,
  type Histogram,
  type Labels,
  type MetricFamily,
  mergeFamilies,
  withLabels,
} from '#kernel/metrics';

/** Counts since the start. */
export interface PoolerCounts {
  clientBytes: number;
  serverBytes: number;
  joinsOk: number;
  joinsFailed: number;
  serversOpened: number;
  serversClosed: number;
  transactions: number;
  cancels: number;
  evictions: number;
}

/** All counts at zero. */
export const noCounts = (): PoolerCounts => ({
  clientBytes: 0,
  serverBytes: 0,
  joinsOk: 0,
  joinsFailed: 0,
  serversOpened: 0,
  serversClosed: 0,
  transactions: 0,
  cancels: 0,
  evictions: 0,
});

/** How long things take at a tenant, in milliseconds by mode. What happens for each message is not timed. */
export interface PoolerDurations {
  /** Waits of those who got no server connection at once, until they had one. */
  readonly checkout: Histogram;
  /** Client connections from their login to their end. */
  readonly lifetime: Histogram;
}

/** No durations. */
export const noDurations = (): PoolerDurations => ({
  checkout: createHistogram(
    {
      name: 'supavisor_pool_checkout_duration_local',
      help: 'Milliseconds that clients waited for a server connection, of those that had to',
      labels: ['mode'],
    },
    [1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 60_000],
  ),
  lifetime: createHistogram(
    {
      name: 'supavisor_client_connection_lifetime',
      help: 'Milliseconds for which client connections that ended had lasted since their login',
      labels: ['mode'],
    },
    [1_000, 10_000, 60_000, 600_000, 3_600_000, 86_400_000],
  ),
});

/** A pool at this moment. */
export interface PoolState {
  readonly role: string;
  readonly database: string;
  readonly mode: 'transaction' | 'session' | 'direct';
  readonly searchPath: string;
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
  readonly clients: number;
}

const counters: readonly (readonly [keyof PoolerCounts, string, string])[] = [
  ['clientBytes', 'supavisor_client_network_recv', 'Bytes received from clients'],
  ['serverBytes', 'supavisor_db_network_recv', 'Bytes received from the database'],
  ['joinsOk', 'supavisor_client_joins_ok', 'Clients that logged in'],
  ['joinsFailed', 'supavisor_client_joins_fail', 'Clients that did not'],
  ['serversOpened', 'supavisor_db_connections_started', 'Server connections opened'],
  ['serversClosed', 'supavisor_db_connections_stopped', 'Server connections closed'],
  ['transactions', 'supavisor_client_query_count', 'Transactions and statements outside of them'],
  [
    'evictions',
    'supavisor_prepared_statements_evicted',
    'Prepared statements closed on server connections to make room',
  ],
  ['cancels', 'supavisor_client_cancel_count', 'Cancel requests passed on'],
];

const gauges: readonly (readonly [keyof PoolState & ('open' | 'idle' | 'waiting' | 'clients'), string, string])[] = [
  ['clients', 'supavisor_connections_active', 'Client connections'],
  ['open', 'supavisor_db_connections', 'Server connections, those being opened included'],
  ['idle', 'supavisor_db_connections_idle', 'Server connections that nobody uses'],
  ['waiting', 'supavisor_clients_waiting', 'Clients that wait for a server connection'],
];

/** A tenant's figures. */
export interface TenantFigures {
  readonly tenant: string;
  readonly counts: PoolerCounts;
  readonly durations: PoolerDurations;
  readonly pools: readonly PoolState[];
}

/** Everything, with the names and labels of Supavisor where it has them. */
export function metricFamilies(tenants: readonly TenantFigures[]): readonly MetricFamily[] {
  return [
    ...counters.map(([key, name, help]) =>
      counter(
        name,
        help,
        tenants.map(({ tenant, counts }) => ({ labels: { tenant }, value: counts[key] })),
      ),
    ),
    ...gauges.map(([key, name, help]) =>
      gauge(
        name,
        help,
        tenants.flatMap(({ tenant, pools }) =>
          pools.map((pool) => ({ labels: labelsOf(tenant, pool), value: pool[key] })),
        ),
      ),
    ),
    ...mergeFamilies(
      tenants.flatMap(({ tenant, durations }) =>
        Object.values<Histogram>({ ...durations }).map((each) => withLabels(each.family(), { tenant })),
      ),
    ),
  ];
}

const labelsOf = (tenant: string, { role, mode, database, searchPath }: PoolState): Labels => ({
  tenant,
  user: role,
  mode,
  db_name: database,
  search_path: searchPath,
});
