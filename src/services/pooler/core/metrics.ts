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

/** The metrics in Prometheus' text format, with the names and labels of Supavisor where it has them. */
export function renderMetrics(tenants: readonly TenantFigures[]): string {
  const lines: string[] = [];
  for (const [key, name, help] of counters) {
    lines.push(`# HELP ${name} ${help}.`, `# TYPE ${name} counter`);
    for (const { tenant, counts } of tenants) lines.push(`${name}{tenant="${label(tenant)}"} ${counts[key]}`);
  }
  for (const [key, name, help] of gauges) {
    lines.push(`# HELP ${name} ${help}.`, `# TYPE ${name} gauge`);
    for (const { tenant, pools } of tenants)
      for (const pool of pools) {
        const labels = [
          ['tenant', tenant],
          ['user', pool.role],
          ['mode', pool.mode],
          ['db_name', pool.database],
          ['search_path', pool.searchPath],
        ].map(([each, value]) => `${each}="${label(value as string)}"`);
        lines.push(`${name}{${labels.join(',')}} ${pool[key]}`);
      }
  }
  return `${lines.join('\n')}\n`;
}

const label = (text: string): string => text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
