import { type Client, quoteLiteral } from '#kernel/sql';

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

// The CLI leaves this schema out of dumps and diffs (it belongs to the pooler, which keeps its own tables elsewhere), so
// that what we note here does not turn up in people's migrations.
const createSql = `
create schema if not exists _supavisor;
create table if not exists _supavisor.stack_steps (
  version text primary key,
  outcome text not null,
  note text,
  applied_at timestamptz not null default now()
);
create table if not exists _supavisor.stack_state (name text primary key, value text not null);
revoke all on _supavisor.stack_steps, _supavisor.stack_state from public;
`;

const takeOverSql = `
alter schema _supavisor owner to current_user;
drop table if exists _supavisor.stack_steps, _supavisor.stack_state;
`;

const readSql = `
select
  (select json_object_agg(version, json_build_object('outcome', outcome, 'note', note))
    from _supavisor.stack_steps) as outcomes,
  (select value from _supavisor.stack_state where name = 'passwords') as password_digest,
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

// A superuser must not even read tables that another role could have made: a view runs functions as its reader.
const stateSql = `
with place as (
  select pg_namespace.oid, owner.rolsuper as trusted
  from pg_namespace join pg_roles as owner on owner.oid = nspowner
  where nspname = '_supavisor'
),
tables as (
  select pg_class.oid, owner.rolsuper as trusted
  from pg_class join pg_roles as owner on owner.oid = relowner
  where relnamespace = (select oid from place) and relname in ('stack_steps', 'stack_state') and relkind = 'r'
)
select case
  when not exists (select from place) then 'missing'
  when me.rolsuper and exists (select from place where not trusted) then 'untrusted'
  when me.rolsuper and exists (select from tables where not trusted) then 'untrusted'
  when (select count(*) from tables) < 2 then
    case when (select has_schema_privilege(oid, 'create') from place) then 'missing' else 'foreign' end
  when (select bool_and(has_table_privilege(oid, 'insert')) from tables) then 'ready'
  else 'foreign'
end as state
from pg_roles as me where rolname = current_user
`;

type State = 'missing' | 'untrusted' | 'foreign' | 'ready';

async function readState(client: Client): Promise<State> {
  return (await client.pg.query<{ state: State }>(stateSql)).rows[0]?.state ?? 'missing';
}

/** Makes the tables of the history where they are missing. One that a lesser role kept is not believed but replaced. */
export async function createHistory(client: Client): Promise<void> {
  const state = await readState(client);
  if (state === 'ready') return;
  await client.pg.query(`begin; ${state === 'untrusted' ? takeOverSql : ''} ${createSql} commit`);
}

const nothing: History = {
  outcomes: new Map(),
  passwordDigest: undefined,
  settings: [],
  hasInternalDatabase: false,
  foreign: false,
};

/** Everything a warm start has to know, in two cheap queries. */
export async function readHistory(client: Client): Promise<History> {
  const state = await readState(client);
  if (state !== 'ready') return { ...nothing, foreign: state === 'foreign' };
  const row = (await client.pg.query<Row>(readSql)).rows[0];
  return {
    outcomes: new Map(Object.entries(row?.outcomes ?? {})),
    passwordDigest: row?.password_digest ?? undefined,
    settings: row?.settings ?? [],
    hasInternalDatabase: row?.has_internal_database ?? false,
    foreign: false,
  };
}

/** The statement that notes an outcome of steps. */
export function recordSql(versions: readonly string[], outcome: Outcome, note = ''): string {
  const rows = versions.map(
    (version) => `(${quoteLiteral(version)}, ${quoteLiteral(outcome)}, nullif(${quoteLiteral(note)}, ''))`,
  );
  return `insert into _supavisor.stack_steps (version, outcome, note) values ${rows.join(', ')}
    on conflict (version) do update set outcome = excluded.outcome, note = excluded.note, applied_at = now()`;
}

/** Notes a step's outcome. */
export async function recordStep(client: Client, version: string, outcome: Outcome, note?: string): Promise<void> {
  await client.pg.query(recordSql([version], outcome, note));
}

/** Keeps the digest of the password that the login roles have now. */
export async function recordPassword(client: Client, digest: string): Promise<void> {
  await client.pg.query(
    `insert into _supavisor.stack_state (name, value) values ('passwords', $1) on conflict (name) do update set value = $1`,
    [digest],
  );
}
