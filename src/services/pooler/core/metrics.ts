import { counter, gauge, type Labels, type MetricFamily } from '#kernel/metrics';

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
  ];
}

const labelsOf = (tenant: string, { role, mode, database, searchPath }: PoolState): Labels => ({
  tenant,
  user: role,
  mode,
  db_name: database,
  search_path: searchPath,
});
