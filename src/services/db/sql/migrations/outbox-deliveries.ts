import { deliveryTables } from '#kernel/deliveries';
import type { Step } from '../step.ts';

/** Who makes the tables where it runs without the stack. */
const rooms = `'supabase_auth_admin', 'supabase_storage_admin', 'supabase_functions_admin'`;

/** The tables of everything that is delivered after its commit. A room that ran alone may have made them. */
export const deliverySteps: readonly Step[] = [
  {
    version: 'schema/deliveries',
    unless: "to_regprocedure('_pmoves.take_deliveries(text, integer, double precision)') is not null",
    sql: ({ admin }) => `
${deliveryTables}
alter table _pmoves.deliveries owner to ${admin};
alter table _pmoves.dead_letters owner to ${admin};
alter table _pmoves.delivery_attempts owner to ${admin};
`,
  },
  {
    version: 'schema/deliveries/owner',
    unless: `not exists (
      select from pg_catalog.pg_class where relname = 'deliveries' and relkind = 'r'
        and relnamespace = (select oid from pg_catalog.pg_namespace where nspname = '_pmoves')
        and pg_catalog.pg_get_userbyid(relowner) in (${rooms}))`,
    sql: ({ admin }) => `${takeOver(admin)}${deliveryTables}`,
  },
];

/** What a room made for itself becomes the admin's; the room keeps the rights to deliver from it, since it may still run. */
const takeOver = (admin: string): string => `
do $$ declare
  former name := (select pg_get_userbyid(relowner) from pg_class where oid = '_pmoves.deliveries'::regclass);
  made regprocedure;
begin
  alter schema _pmoves owner to ${admin};
  alter table _pmoves.deliveries owner to ${admin};
  alter table _pmoves.dead_letters owner to ${admin};
  alter table _pmoves.delivery_attempts owner to ${admin};
  for made in
    select oid from pg_proc where pronamespace = '_pmoves'::regnamespace and pg_get_userbyid(proowner) = former
      and proname in ('enqueue_delivery', 'take_deliveries', 'revive_deliveries')
  loop
    execute format('alter function %s owner to %s', made, $owner$${admin}$owner$);
  end loop;
  execute format('grant usage, create on schema _pmoves to %I', former);
  execute format('grant select, insert, update, delete
    on _pmoves.deliveries, _pmoves.dead_letters, _pmoves.delivery_attempts to %I', former);
end $$;
`;

/**
 * How events become deliveries, and are seen. Queues: those for NATS have one of their own, since they wait together while it
 * is away. A delivery's target is the rule's name, or the `nats:` address of a webhook, and its payload `{event, body}`.
 */
export const outboxQueues = `
create function supabase_functions.outbox_queue(target text) returns text
language sql immutable set search_path = '' as $$
  select case when target like 'nats:%' then 'outbox_nats' else 'outbox' end
$$;

create or replace function supabase_functions.outbox_emit(rule text, target text, key text, event text, payload jsonb)
returns void language sql security definer set search_path = '' as $$
  select _pmoves.enqueue_delivery(
    supabase_functions.outbox_queue(coalesce(target, (
      select given.target from supabase_functions.outbox_rules as given where given.name = outbox_emit.rule
    ))),
    coalesce(rule, target), pg_catalog.jsonb_build_object('event', event, 'body', payload), key
  )
$$;

create view supabase_functions.outbox_events as
  select id, message_id, case when target like 'nats:%' then null else target end as rule,
    case when target like 'nats:%' then target end as target, key, payload ->> 'event' as event, payload -> 'body' as payload,
    created_at, attempts, due as next_at, (
      select error from _pmoves.delivery_attempts where delivery = deliveries.id order by delivery_attempts.id desc limit 1
    ) as error
  from _pmoves.deliveries
  where queue in ('outbox', 'outbox_nats') and delivered_at is null;

create view supabase_functions.outbox_dead_letters as
  select id, message_id, case when target like 'nats:%' then null else target end as rule,
    case when target like 'nats:%' then target end as target, key, payload ->> 'event' as event, payload -> 'body' as payload,
    created_at, attempts, (
      select error from _pmoves.delivery_attempts where delivery = dead_letters.id order by delivery_attempts.id desc limit 1
    ) as error, died_at as failed_at
  from _pmoves.dead_letters
  where queue in ('outbox', 'outbox_nats');

-- Puts dead letters back; null: all. Those whose rule is gone stay.
create function supabase_functions.outbox_retry(id bigint default null) returns integer
language sql security definer set search_path = '' as $$
  select coalesce(pg_catalog.sum(_pmoves.revive_deliveries(null, dead.id::text, null)), 0)::integer
  from (
    select given.id from supabase_functions.outbox_dead_letters as given
    where (outbox_retry.id is null or given.id = outbox_retry.id)
      and (given.rule is null or given.rule in (select name from supabase_functions.outbox_rules))
    order by given.id
  ) as dead
$$;
`;

/** Makes the triggers of a rule, or takes them away. */
export const applyRule = `
create or replace function supabase_functions.outbox_apply_rule() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  relation regclass;
  arguments text;
  kinds text;
  capture text;
  made record;
begin
  if tg_op <> 'INSERT' then
    for made in
      select tgrelid::pg_catalog.regclass as name from pg_catalog.pg_trigger
      where tgname = 'outbox_' || old.name and not tgisinternal and tgparentid = 0
    loop
      execute pg_catalog.format('drop trigger %I on %s', 'outbox_' || old.name, made.name);
    end loop;
  end if;
  -- What waits goes with its rule.
  if tg_op = 'UPDATE' then
    update _pmoves.deliveries as waiting set queue = supabase_functions.outbox_queue(new.target), target = new.name
    where waiting.queue in ('outbox', 'outbox_nats') and waiting.target = old.name;
  elsif tg_op = 'DELETE' then
    delete from _pmoves.deliveries as waiting
    where waiting.queue in ('outbox', 'outbox_nats') and waiting.target = old.name;
  end if;
  perform pg_catalog.pg_notify('pmoves_outbox', '');
  if tg_op = 'DELETE' or not new.enabled then
    return null;
  end if;
  relation := case new.source
    when 'table' then new.object when 'auth' then 'auth.audit_log_entries' else 'storage.objects' end;
  arguments := pg_catalog.quote_literal(new.name);
  kinds := 'insert or update or delete';
  if new.source = 'table' then
    capture := 'outbox_capture';
    if exists (select from pg_catalog.unnest(new.events) as event where event not in ('insert', 'update', 'delete')) then
      raise exception 'events of a table are insert, update and delete';
    end if;
    kinds := coalesce(nullif(pg_catalog.array_to_string(new.events, ' or '), ''), kinds);
    select arguments || coalesce(pg_catalog.string_agg(', ' || pg_catalog.quote_literal(attname), '' order by at), '')
      into arguments
      from pg_catalog.pg_index, pg_catalog.unnest(indkey) with ordinality as keys (number, at), pg_catalog.pg_attribute
      where indrelid = relation and indisprimary and attrelid = relation and attnum = number;
  elsif new.source = 'auth' then
    capture := 'outbox_capture_auth';
    kinds := 'insert';
    if new.events is not null then
      arguments := arguments || ', ' || pg_catalog.quote_literal(new.events::text);
    end if;
  else
    capture := 'outbox_capture_storage';
    arguments := arguments || ', ' || pg_catalog.quote_literal(coalesce(new.events::text, 'null'));
    if new.object is not null then
      arguments := arguments || ', ' || pg_catalog.quote_literal(new.object);
    end if;
  end if;
  execute pg_catalog.format(
    'create trigger %I after %s on %s for each row execute function supabase_functions.%I(%s)',
    'outbox_' || new.name, kinds, relation, capture, arguments
  );
  return null;
end
$$;
`;

/** Whom all of it belongs to, and who may what. */
export const outboxRights = (admin: string): string => `
alter view supabase_functions.outbox_events owner to ${admin};
alter view supabase_functions.outbox_dead_letters owner to ${admin};
grant select, delete on supabase_functions.outbox_events, supabase_functions.outbox_dead_letters to postgres;
revoke all on function supabase_functions.outbox_emit(text, text, text, text, jsonb) from public;
grant execute on function supabase_functions.outbox_emit(text, text, text, text, jsonb) to supabase_functions_admin;
revoke all on function supabase_functions.outbox_retry(bigint) from public;
grant execute on function supabase_functions.outbox_retry(bigint) to postgres;
revoke all on function supabase_functions.outbox_apply_rule() from public;
`;
