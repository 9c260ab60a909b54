import type { Client } from '#kernel/sql';

/**
 * What became of a step: `applied` by us, `found` there before, `denied` to a role that is no superuser, `unavailable`
 * on this server.
 */
export type Outcome = 'applied' | 'found' | 'denied' | 'unavailable';

/** What the history says about a database. */
export interface History {
  /** Outcome and note by version; empty for a database that was never set up. */
  readonly outcomes: ReadonlyMap<string, { readonly outcome: Outcome; readonly note: string | null }>;
  /** Digest of the password that was set last. */
  readonly passwordDigest: string | undefined;
  /** `name=value` settings stored on the database for everybody. */
  readonly settings: readonly string[];
  /** The database of the internal services exists. */
  readonly hasInternalDatabase: boolean;
  /** The history belongs to another role, who did everything; there is nothing to do for this one. */
  readonly foreign: boolean;
}

const createSql = `
create schema if not exists _stack;
revoke all on schema _stack from public;
create table if not exists _stack.migrations (
  version text primary key,
  outcome text not null,
  note text,
  applied_at timestamptz not null default now()
);
create table if not exists _stack.state (name text primary key, value text not null);
`;

const readSql = `
select
  (select json_object_agg(version, json_build_object('outcome', outcome, 'note', note)) from _stack.migrations) as outcomes,
  (select value from _stack.state where name = 'password') as password_digest,
  (select setconfig from pg_db_role_setting
    where setrole = 0 and setdatabase = (select oid from pg_database where datname = current_database())) as settings,
  exists (select from pg_database where datname = '_supabase') as has_internal_database
`;

interface Row {
  readonly outcomes: Record<string, { outcome: Outcome; note: string | null }> | null;
  readonly password_digest: string | null;
  readonly settings: string[] | null;
  readonly has_internal_database: boolean;
}

/** Makes the schema `_stack` with its tables. */
export async function createHistory(client: Client): Promise<void> {
  await client.pg.query(createSql);
}

const existsSql = `
select has_table_privilege(pg_class.oid, 'insert') and has_schema_privilege(namespace.oid, 'usage') as ours
from pg_namespace as namespace
join pg_class on pg_class.relnamespace = namespace.oid and relname = 'state'
where nspname = '_stack'
`;

const nothing: History = {
  outcomes: new Map(),
  passwordDigest: undefined,
  settings: [],
  hasInternalDatabase: false,
  foreign: false,
};

/** Everything a warm start has to know, in two cheap queries. */
export async function readHistory(client: Client): Promise<History> {
  const exists = await client.pg.query<{ ours: boolean }>(existsSql);
  const ours = exists.rows[0]?.ours;
  if (ours === undefined) return nothing;
  if (!ours) return { ...nothing, foreign: true };
  const row = (await client.pg.query<Row>(readSql)).rows[0];
  return {
    outcomes: new Map(Object.entries(row?.outcomes ?? {})),
    passwordDigest: row?.password_digest ?? undefined,
    settings: row?.settings ?? [],
    hasInternalDatabase: row?.has_internal_database ?? false,
    foreign: false,
  };
}

/** Notes a step's outcome. */
export async function recordStep(client: Client, version: string, outcome: Outcome, note?: string): Promise<void> {
  await client.pg.query(
    `insert into _stack.migrations (version, outcome, note) values ($1, $2, $3)
     on conflict (version) do update set outcome = $2, note = $3, applied_at = now()`,
    [version, outcome, note ?? null],
  );
}

/** Keeps the digest of the password that the login roles have now. */
export async function recordPassword(client: Client, digest: string): Promise<void> {
  await client.pg.query(
    `insert into _stack.state (name, value) values ('password', $1) on conflict (name) do update set value = $1`,
    [digest],
  );
}
