import type { ConnectionOptions } from '#kernel/sql';

/** Roles that rooms log in as (Supabase's own names). */
export type LoginRole =
  | 'supabase_admin'
  | 'postgres'
  | 'authenticator'
  | 'supabase_auth_admin'
  | 'supabase_storage_admin'
  | 'pgbouncer';

/** What the db room offers to others. Valid once it has started. */
export interface DbApi {
  /**
   * How to connect as a role.
   *
   * @param database default: the project's
   * @throws ServiceError `not_started` before the start
   */
  connection(role: LoginRole, database?: string): ConnectionOptions;
  readonly embedded: boolean;
  /** Folder of the Unix socket; undefined for an external server. */
  readonly socketDir: string | undefined;
  readonly port: number;
  /** Name of the project's database. */
  readonly database: string;
  /** `server_version_num`, e.g. 180004; 0 before the start. */
  readonly serverVersion: number;
}
