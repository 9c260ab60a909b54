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
  readonly jwtSecret: string | undefined;
}
