import { deliveryTables } from '#kernel/deliveries';
import { asDatabaseError, type Database } from '#kernel/sql';

/** Name of the queue of what triggers send to functions. */
export const triggerQueue = 'functions';

/** Bytes of a row's change as JSON beyond which only its table is told. */
const largestChange = 1_048_576;

// Any number of nodes may start at once.
const lock = 7_221_041_008;

const make = `
select pg_advisory_xact_lock(${lock});
${deliveryTables}
create table if not exists _pmoves.function_triggers (
  name text primary key,
  function text not null,
  definition jsonb not null,
  origin text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create or replace function _pmoves.capture_for_function() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  change jsonb := jsonb_build_object('type', tg_op, 'schema', tg_table_schema, 'table', tg_table_name,
    'record', case when tg_op <> 'DELETE' then to_jsonb(new) end,
    'old_record', case when tg_op <> 'INSERT' then to_jsonb(old) end);
begin
  if tg_nargs > 1 and coalesce(nullif(change -> 'record', 'null'), change -> 'old_record') ->> 'bucket_id' <> tg_argv[1] then
    return null;
  end if;
  if octet_length(change::text) > ${largestChange} then
    change := change || '{"record": null, "old_record": null, "too_large": true}';
  end if;
  perform _pmoves.enqueue_delivery('${triggerQueue}', tg_argv[0], change);
  return null;
end
$$;
create or replace function _pmoves.fire_function_trigger(name text) returns bigint
language sql set search_path = '' as $$
  select _pmoves.enqueue_delivery('${triggerQueue}', t.name, jsonb_build_object(
    'type', 'CRON', 'trigger', t.name, 'at', now(), 'payload', t.definition -> 'payload'))
  from _pmoves.function_triggers as t where t.name = fire_function_trigger.name
$$;
`;

/** Whether there ever was a trigger in this database. */
export async function hasTriggerTables(db: Database): Promise<boolean> {
  const { rows } = await db.query<{ present: boolean }>(
    `select to_regclass('_pmoves.function_triggers') is not null as present`,
  );
  return rows[0]?.present === true;
}

/**
 * Makes what is missing, in one transaction.
 *
 * @returns false when the role may not, as on a server that somebody else looks after
 */
export async function makeTriggerTables(db: Database): Promise<boolean> {
  try {
    await db.query(make);
    return true;
  } catch (error) {
    if (asDatabaseError(error)?.code === '42501') return false;
    throw error;
  }
}
