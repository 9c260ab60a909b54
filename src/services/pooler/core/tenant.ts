import type { PoolerSettings } from '../settings.ts';

/** The tenant as Supavisor's API shows one. No password is part of it. */
export interface Tenant {
  readonly external_id: string;
  readonly db_host: string;
  readonly db_port: number;
  readonly db_database: string;
  readonly ip_version: 'auto';
  readonly require_user: false;
  readonly auth_query: string;
  readonly enforce_ssl: boolean;
  readonly upstream_ssl: boolean;
  readonly upstream_verify: 'none' | 'peer';
  readonly default_pool_size: number;
  readonly default_max_clients: number;
  readonly client_idle_timeout: number;
  readonly client_heartbeat_interval: 0;
  readonly allow_list: readonly string[];
  readonly default_parameter_status: Readonly<Record<string, string>>;
  readonly feature_flags: { readonly named_prepared_statements: true };
  readonly users: readonly [
    {
      readonly db_user: 'pgbouncer';
      readonly is_manager: true;
      readonly mode_type: 'transaction' | 'session';
      readonly pool_size: number;
      readonly pool_checkout_timeout: number;
    },
  ];
}

/** Where the tenant's database is. */
export interface TenantServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly sslMode?: string;
}

/** The one tenant there is, made of the settings in force. */
export function tenantOf(settings: PoolerSettings, server: TenantServer): Tenant {
  const { sslMode } = server;
  return {
    external_id: settings.tenantId,
    db_host: server.host,
    db_port: server.port,
    db_database: server.database,
    ip_version: 'auto',
    require_user: false,
    auth_query: settings.authQuery,
    enforce_ssl: settings.enforceTls,
    upstream_ssl: sslMode !== undefined && sslMode !== 'disable',
    upstream_verify: sslMode === 'verify-ca' || sslMode === 'verify-full' ? 'peer' : 'none',
    default_pool_size: settings.poolSize,
    default_max_clients: settings.maxClients,
    client_idle_timeout: Math.round(settings.clientIdleTimeout / 1_000),
    client_heartbeat_interval: 0,
    allow_list: settings.allowList,
    default_parameter_status: {},
    feature_flags: { named_prepared_statements: true },
    users: [
      {
        db_user: 'pgbouncer',
        is_manager: true,
        mode_type: settings.poolMode,
        pool_size: settings.poolSize,
        pool_checkout_timeout: settings.checkoutTimeout,
      },
    ],
  };
}
