import { asDatabaseError, type Database } from '#kernel/sql';

/** The product's own schema: tables here are none of the mirrored service's, whose schema has to stay as it is. */
export const ownSchema = '_pmoves';

// Key of the advisory lock that lets any number of nodes start at once.
const lock = 7_221_041_014;

const present = `
select to_regclass('${ownSchema}.auth_outbox') is not null and to_regclass('${ownSchema}.auth_limits') is not null as complete`;

// CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where it is there.
const make = `
do $$
begin
  perform pg_advisory_xact_lock(${lock});
  if to_regnamespace('${ownSchema}') is null then
    create schema ${ownSchema};
  end if;
  create table if not exists ${ownSchema}.auth_outbox (
    id bigint generated always as identity primary key,
    kind text not null,
    letter bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    next_try timestamptz not null default clock_timestamp(),
    attempts integer not null default 0
  );
  create index if not exists auth_outbox_next_try_idx on ${ownSchema}.auth_outbox (next_try);
  create unlogged table if not exists ${ownSchema}.auth_limits (
    key bytea primary key,
    level double precision not null,
    at timestamptz not null,
    granted double precision not null,
    full_at timestamptz not null
  ) with (fillfactor = 50);
  create index if not exists auth_limits_full_at_idx on ${ownSchema}.auth_limits (full_at);
  comment on table ${ownSchema}.auth_outbox is 'Mails on their way; the letters are encrypted.';
  comment on table ${ownSchema}.auth_limits is 'What is left of the rate limits that all nodes share. Not kept through a crash.';
end
$$`;

/**
 * Makes the room's own tables, in one transaction. Costs one query when they are there.
 *
 * @returns false when the role may not make them, as on a server that somebody else looks after
 */
export async function makeOwnTables(db: Database): Promise<boolean> {
  const { rows } = await db.query<{ complete: boolean }>(present);
  if (rows[0]?.complete === true) return true;
  try {
    await db.query(make);
    return true;
  } catch (error) {
    if (asDatabaseError(error)?.code === '42501') return false;
    throw error;
  }
}
