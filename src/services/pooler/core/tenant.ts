import type { PoolerSettings } from '../settings.ts';

/** A user of a tenant, as Supavisor's API shows one. No password is part of it. */
export interface TenantUser {
  /** Role at the server. */
  readonly db_user: string;
  /** Name that clients use for it. */
  readonly db_user_alias: string;
  /** The stored passwords are read as this one. */
  readonly is_manager: boolean;
  readonly mode_type: 'transaction' | 'session';
  readonly pool_size: number;
  /** Milliseconds. */
  readonly pool_checkout_timeout: number;
  /** Null: the tenant's. */
  readonly max_clients: number | null;
}

/** A tenant as Supavisor's API shows one: what is in force, not what was asked for. No password is part of it. */
export interface Tenant {
  readonly external_id: string;
  readonly db_host: string;
  readonly db_port: number;
  readonly db_database: string;
  readonly ip_version: 'v4' | 'v6' | 'auto';
  /** True: clients are the users below, with their own passwords, whatever the server's are. */
  readonly require_user: boolean;
  readonly auth_query: string;
  readonly enforce_ssl: boolean;
  readonly upstream_ssl: boolean;
  readonly upstream_verify: 'none' | 'peer';
  readonly upstream_tls_ca: string | null;
  readonly sni_hostname: string | null;
  readonly default_pool_size: number;
  readonly default_max_clients: number;
  /** Seconds; 0 is for ever. */
  readonly client_idle_timeout: number;
  readonly client_heartbeat_interval: 0;
  readonly allow_list: readonly string[];
  readonly availability_zone: string | null;
  readonly default_parameter_status: Readonly<Record<string, string>>;
  readonly feature_flags: { readonly named_prepared_statements: true };
  readonly users: readonly TenantUser[];
}

/** Where the tenant's database is. */
export interface TenantServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly sslMode?: string;
  readonly sslRootCertificate?: string;
}

/** The tenant that the settings in force make. */
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
    upstream_tls_ca: server.sslRootCertificate ?? null,
    sni_hostname: null,
    default_pool_size: settings.poolSize,
    default_max_clients: settings.maxClients,
    client_idle_timeout: Math.round(settings.clientIdleTimeout / 1_000),
    client_heartbeat_interval: 0,
    allow_list: settings.allowList,
    availability_zone: null,
    default_parameter_status: {},
    feature_flags: { named_prepared_statements: true },
    users: [
      {
        db_user: server.user,
        db_user_alias: server.user,
        is_manager: true,
        mode_type: settings.poolMode,
        pool_size: settings.poolSize,
        pool_checkout_timeout: settings.checkoutTimeout,
        max_clients: null,
      },
    ],
  };
}
