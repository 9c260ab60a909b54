import type { Room } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';

/** Roles that rooms log in as (Supabase's own names). */
export type LoginRole =
  | 'supabase_admin'
  | 'postgres'
  | 'authenticator'
  | 'supabase_auth_admin'
  | 'supabase_storage_admin'
  | 'supabase_read_only_user'
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
  /**
   * Runs what is new of the project's own SQL: `db/init/*.sql` below `VOLUMES_DIR`, then `supabase/migrations/*.sql` and
   * `supabase/seed.sql` of the working directory, as `postgres`. A failing file ends it and is reported, not thrown.
   */
  applyProjectSql(): Promise<ProjectSqlOutcome>;
  /** The work behind our SQL-only extensions. A step of its own in the start order, after all rooms it may call. */
  readonly background: Room<undefined>;
}

/** A message of the embedded server's log, its fields in the names of the original's log events. */
export interface ServerMessage {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
  readonly parsed: Readonly<Record<string, unknown>>;
}

/** Files applied now, and the one that failed with the place of the error. */
export interface ProjectSqlOutcome {
  readonly applied: readonly string[];
  readonly failure?: { readonly file: string; readonly line: number; readonly message: string };
}
