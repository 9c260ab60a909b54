import type { Step } from '../step.ts';
import { applyRule, outboxQueues, outboxRights } from './outbox-deliveries.ts';

/**
 * The outbox: rules say which events leave the database and where to, triggers write them down in the transaction that makes
 * them as deliveries, and a worker makes these afterwards. Only inserting into `outbox_rules` is needed to have one.
 */
export const outboxSteps: readonly Step[] = [
  {
    version: 'schema/outbox',
    unless: "to_regclass('supabase_functions.outbox_rules') is not null",
    sql: ({ admin }) => `
create table supabase_functions.outbox_rules (
  name text primary key check (name ~ '^[A-Za-z0-9_-]{1,40}$'),
  source text not null check (source in ('table', 'auth', 'storage')),
  -- Of a table: its name with the schema, as in SQL. Of storage: the bucket, or null for all.
  object text,
  -- Of a table insert, update, delete; of auth actions of its audit log; of storage created, removed. Null: all.
  events text[],
  target text not null check (target ~ '^(nats:|https?://|function:)'),
  format text not null default 'envelope' check (format in ('envelope', 'raw', 'ingest')),
  headers jsonb not null default '{}',
  secret text check (secret ~ '^v1,whsec_[A-Za-z0-9+/=]{32,88}$'),
  attempts integer not null default 12 check (attempts between 1 and 100),
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  check ((source = 'table') = (object is not null) or source = 'storage'),
  check (format <> 'ingest' or source = 'storage')
);
comment on table supabase_functions.outbox_rules is 'Events that leave the database, and where to.';

${outboxQueues}
-- Arguments: the rule, and the columns of the table's primary key.
create function supabase_functions.outbox_capture() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  known jsonb := case when tg_op = 'INSERT' then pg_catalog.to_jsonb(new) else pg_catalog.to_jsonb(old) end;
  name text := tg_argv[0];
  key text := name;
begin
  for at in 1 .. tg_nargs - 1 loop
    key := key || '/' || coalesce(known ->> tg_argv[at], '');
  end loop;
  perform supabase_functions.outbox_emit(name, null, key, pg_catalog.lower(tg_op), pg_catalog.jsonb_build_object(
    'type', tg_op,
    'table', tg_table_name,
    'schema', tg_table_schema,
    'record', case when tg_op = 'DELETE' then null else pg_catalog.to_jsonb(new) end,
    'old_record', case when tg_op = 'INSERT' then null else pg_catalog.to_jsonb(old) end
  ));
  return null;
end
$$;

-- Arguments: the rule, and its events as an array.
create function supabase_functions.outbox_capture_auth() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  action text := new.payload ->> 'action';
begin
  if tg_argv[1] is not null and action <> all (tg_argv[1]::text[]) then
    return null;
  end if;
  perform supabase_functions.outbox_emit(
    tg_argv[0], null, tg_argv[0] || '/' || coalesce(new.payload ->> 'actor_id', ''), action,
    pg_catalog.jsonb_build_object(
      'type', 'INSERT', 'table', tg_table_name, 'schema', tg_table_schema,
      'record', pg_catalog.to_jsonb(new), 'old_record', null
    )
  );
  return null;
end
$$;

-- Arguments: the rule, its events as an array, and the bucket.
create function supabase_functions.outbox_capture_storage() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  was jsonb := case when tg_op <> 'INSERT' then pg_catalog.to_jsonb(old) end;
  is_now jsonb := case when tg_op <> 'DELETE' then pg_catalog.to_jsonb(new) end;
  moved boolean := was ->> 'bucket_id' is distinct from is_now ->> 'bucket_id'
    or was ->> 'name' is distinct from is_now ->> 'name';
  events text[] := nullif(tg_argv[1], 'null')::text[];
  bucket text := tg_argv[2];
begin
  if was is not null and moved and (events is null or 'removed' = any (events))
    and (bucket is null or bucket = was ->> 'bucket_id') then
    perform supabase_functions.outbox_emit(
      tg_argv[0], null, tg_argv[0] || '/' || (was ->> 'bucket_id') || '/' || (was ->> 'name'), 'removed',
      pg_catalog.jsonb_build_object(
        'type', 'DELETE', 'table', tg_table_name, 'schema', tg_table_schema, 'record', null, 'old_record', was
      )
    );
  end if;
  -- Another version under the same name is a new object; other metadata alone are none.
  if is_now is not null and (moved or was ->> 'version' is distinct from is_now ->> 'version')
    and (events is null or 'created' = any (events)) and (bucket is null or bucket = is_now ->> 'bucket_id') then
    perform supabase_functions.outbox_emit(
      tg_argv[0], null, tg_argv[0] || '/' || (is_now ->> 'bucket_id') || '/' || (is_now ->> 'name'), 'created',
      pg_catalog.jsonb_build_object(
        'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema, 'record', is_now, 'old_record', was
      )
    );
  end if;
  return null;
end
$$;

${applyRule}
create trigger apply after insert or update or delete on supabase_functions.outbox_rules
  for each row execute function supabase_functions.outbox_apply_rule();

create or replace function supabase_functions.http_request() returns trigger
language plpgsql security definer set search_path = supabase_functions as $$
declare
  url text := nullif(tg_argv[0], 'null');
  method text := nullif(tg_argv[1], 'null');
  headers jsonb := coalesce(nullif(tg_argv[2], 'null'), '{"Content-Type": "application/json"}')::jsonb;
  params jsonb := coalesce(nullif(tg_argv[3], 'null'), '{}')::jsonb;
  timeout_ms integer := coalesce(nullif(tg_argv[4], 'null'), '1000')::integer;
  payload jsonb := jsonb_build_object(
    'type', tg_op,
    'table', tg_table_name,
    'schema', tg_table_schema,
    'record', case when tg_op = 'DELETE' then null else to_jsonb(new) end,
    'old_record', case when tg_op = 'INSERT' then null else to_jsonb(old) end
  );
  request bigint;
begin
  if url is null then
    raise exception 'url argument is missing';
  end if;
  if method is null then
    raise exception 'method argument is missing';
  end if;
  if url like 'nats:%' then
    perform outbox_emit(null, url, 'webhook/' || tg_relid, lower(tg_op), payload);
  elsif method = 'GET' then
    request := net.http_get(url, params, headers, timeout_ms);
  elsif method = 'POST' then
    request := net.http_post(url, payload, params, headers, timeout_ms);
  else
    raise exception 'method argument % is invalid', method;
  end if;
  insert into hooks (hook_table_id, hook_name, request_id) values (tg_relid, tg_name, request);
  return new;
end
$$;

-- The other way: messages of a JetStream stream that become rows.
create table supabase_functions.inbox_rules (
  name text primary key check (name ~ '^[A-Za-z0-9_-]{1,40}$'),
  stream text not null,
  subject text not null,
  object text not null,
  -- Columns by which a row is found that is there already.
  keys text[] not null,
  -- Where in the message the row is; null: the whole of it.
  path text[] default '{payload}',
  enabled boolean not null default true,
  created_at timestamptz not null default now()
);
create table supabase_functions.inbox_rejected (
  id bigint generated always as identity primary key,
  rule text not null,
  subject text not null,
  body text,
  error text not null,
  failed_at timestamptz not null default now()
);
create function supabase_functions.inbox_announce() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('pmoves_outbox', 'inbox');
  return null;
end
$$;
create trigger announce after insert or update or delete on supabase_functions.inbox_rules
  for each statement execute function supabase_functions.inbox_announce();

-- Writes a row of the table as role postgres, or changes the one that has the same keys. Members that are no columns of the
-- table are left out.
create function supabase_functions.inbox_take(object text, keys text[], given jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare
  target pg_catalog.regclass := object;
  columns text[];
  changes text;
begin
  select pg_catalog.array_agg(pg_catalog.quote_ident(attname)),
    pg_catalog.string_agg(pg_catalog.format('%I = excluded.%I', attname, attname), ', ')
      filter (where attname <> all (keys))
  into columns, changes
  from pg_catalog.pg_attribute
  where attrelid = target and attnum > 0 and not attisdropped and attgenerated = '' and given ? attname;
  if columns is null then
    raise exception 'no member of the message is a column of %', target using errcode = '22023';
  end if;
  execute pg_catalog.format(
    'insert into %1$s (%2$s) select %2$s from pg_catalog.jsonb_populate_record(null::%1$s, $1) on conflict (%3$s) do %4$s',
    target, pg_catalog.array_to_string(columns, ', '),
    (select pg_catalog.string_agg(pg_catalog.quote_ident(key), ', ') from pg_catalog.unnest(keys) as key),
    case when changes is null then 'nothing' else 'update set ' || changes end
  ) using given;
end
$$;
alter function supabase_functions.inbox_take(text, text[], jsonb) owner to postgres;
revoke all on function supabase_functions.inbox_take(text, text[], jsonb) from public;
grant execute on function supabase_functions.inbox_take(text, text[], jsonb) to ${admin};
revoke all on function supabase_functions.inbox_announce() from public;

alter table supabase_functions.inbox_rules owner to ${admin};
alter table supabase_functions.inbox_rejected owner to ${admin};
grant select, insert, update, delete on supabase_functions.inbox_rules to postgres;
grant select, delete on supabase_functions.inbox_rejected to postgres;
alter table supabase_functions.outbox_rules owner to ${admin};
grant select, insert, update, delete on supabase_functions.outbox_rules to postgres;
${outboxRights(admin)}
revoke all on function supabase_functions.outbox_capture() from public;
revoke all on function supabase_functions.outbox_capture_auth() from public;
revoke all on function supabase_functions.outbox_capture_storage() from public;
`,
  },
  {
    version: 'schema/outbox/deliveries',
    // There were tables of its own before.
    unless: `not exists (
      select from pg_class where oid = to_regclass('supabase_functions.outbox_events') and relkind = 'r'
    )`,
    sql: ({ admin }) => `
alter table supabase_functions.outbox_events rename to outbox_events_before;
alter table supabase_functions.outbox_dead_letters rename to outbox_dead_letters_before;
${outboxQueues}
${applyRule}
with given as (
  select event.*, rule.target as of_rule, row_number() over (order by event.id) as place
  from supabase_functions.outbox_events_before as event
  left join supabase_functions.outbox_rules as rule on rule.name = event.rule
), moved as (
  insert into _pmoves.deliveries (queue, target, payload, key, message_id, attempts, due, created_at)
  select supabase_functions.outbox_queue(coalesce(target, of_rule)), coalesce(rule, target),
    jsonb_build_object('event', event, 'body', payload), key, message_id, attempts, greatest(next_at, created_at), created_at
  from given order by place
  returning id, message_id
)
insert into _pmoves.delivery_attempts (delivery, number, error)
select moved.id, given.attempts, given.error from moved join given using (message_id) where given.error is not null;
with given as (
  select nextval(pg_get_serial_sequence('_pmoves.deliveries', 'id')) as moved_id, dead.* from (
    select event.*, other.target as of_rule from supabase_functions.outbox_dead_letters_before as event
    left join supabase_functions.outbox_rules as other on other.name = event.rule order by event.id
  ) as dead
), moved as (
  insert into _pmoves.dead_letters (id, queue, target, payload, attempts, created_at, died_at, key, message_id)
  select moved_id, supabase_functions.outbox_queue(coalesce(target, of_rule, '')), coalesce(rule, target),
    jsonb_build_object('event', event, 'body', payload), attempts, created_at, failed_at, key, message_id from given
)
insert into _pmoves.delivery_attempts (delivery, number, error)
select moved_id, attempts, error from given where error is not null;
drop table supabase_functions.outbox_events_before, supabase_functions.outbox_dead_letters_before;
${outboxRights(admin)}
`,
  },
];
