import type { ConnectionOptions } from '#kernel/sql';

/** What the pooler needs from the rest of the program. */
export interface PoolerPorts {
  /** The server, as role pgbouncer. Called once the database has started. */
  readonly server: () => ConnectionOptions;
  /** Whether that is the embedded one, whose clients get TLS without anybody making a certificate. */
  readonly embedded: () => boolean;
  /** Where sessions are served; undefined: nowhere. */
  readonly sessionPort: () => Promise<{ readonly port: number; readonly setting: string } | undefined>;
  /** Database of clients that name none. */
  readonly database: string;
  /** Database of tenants and clusters that are put by the HTTP API, as a role that owns its schema `_supavisor`. */
  readonly store: () => ConnectionOptions;
  readonly jwtSecret: string | undefined;
}
