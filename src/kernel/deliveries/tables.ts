/** The channel on which new deliveries are told; the payload is the queue's name. */
export const deliveryChannel = 'pmoves_deliveries';

/**
 * Tables of deliveries in schema `_pmoves`, and the functions that work on them. May be run again, by the same role.
 *
 * `_pmoves.enqueue_delivery(queue, target, payload, key)` posts one. It runs in the transaction of whoever calls it: a
 * delivery exists when that is committed, and only then. What has the same key is delivered one after the other, in the order
 * it was posted; without a key there is no order.
 */
export const deliveryTables = `
create schema if not exists _pmoves;
create table if not exists _pmoves.deliveries (
  id bigint generated always as identity primary key,
  queue text not null,
  target text not null,
  payload jsonb not null,
  attempts integer not null default 0,
  due timestamptz not null default now(),
  created_at timestamptz not null default now(),
  delivered_at timestamptz
);
create table if not exists _pmoves.dead_letters (
  id bigint primary key,
  queue text not null,
  target text not null,
  payload jsonb not null,
  attempts integer not null,
  created_at timestamptz not null,
  died_at timestamptz not null default now()
);
do $$ begin
  if not exists (select from pg_catalog.pg_attribute
    where attrelid = '_pmoves.dead_letters'::regclass and attname = 'message_id') then
    alter table _pmoves.deliveries add column key text, add column message_id uuid not null default gen_random_uuid(),
      add column leased boolean not null default false;
    alter table _pmoves.dead_letters add column key text, add column message_id uuid not null default gen_random_uuid();
  end if;
end $$;
create index if not exists deliveries_due on _pmoves.deliveries (queue, due) where delivered_at is null;
create index if not exists deliveries_waiting on _pmoves.deliveries (queue, id) where delivered_at is null;
create index if not exists deliveries_key on _pmoves.deliveries (queue, key, id) where delivered_at is null and key is not null;
create index if not exists deliveries_delivered on _pmoves.deliveries (delivered_at) where delivered_at is not null;
create index if not exists dead_letters_died on _pmoves.dead_letters (died_at);
create table if not exists _pmoves.delivery_attempts (
  id bigint generated always as identity primary key,
  delivery bigint not null,
  number integer not null,
  ended_at timestamptz not null default now(),
  milliseconds integer,
  status integer,
  error text
);
create index if not exists delivery_attempts_delivery on _pmoves.delivery_attempts (delivery);

drop function if exists _pmoves.enqueue_delivery(text, text, jsonb);
create or replace function _pmoves.enqueue_delivery(queue text, target text, payload jsonb, key text default null)
returns bigint language plpgsql security definer set search_path = '' as $$
declare
  made bigint;
begin
  insert into _pmoves.deliveries (queue, target, payload, key)
  values (enqueue_delivery.queue, enqueue_delivery.target, enqueue_delivery.payload, enqueue_delivery.key) returning id into made;
  perform pg_catalog.pg_notify('${deliveryChannel}', enqueue_delivery.queue);
  return made;
end
$$;
revoke all on function _pmoves.enqueue_delivery(text, text, jsonb, text) from public;
do $$ declare
  room name;
begin
  for room in select rolname from pg_catalog.pg_roles
    where rolname in ('supabase_auth_admin', 'supabase_storage_admin', 'supabase_functions_admin')
  loop
    execute pg_catalog.format('grant usage on schema _pmoves to %I', room);
    execute pg_catalog.format('grant execute on function _pmoves.enqueue_delivery(text, text, jsonb, text) to %I', room);
  end loop;
end $$;

-- Takes what is due, oldest first, for so many seconds. None is taken of a key of which an earlier one waits for another
-- attempt or is under way. Statistics of a queue are out of date always: only the index in the order of ids does not grow
-- slow with what waits. The last row has no id, and the milliseconds until the next is due.
create or replace function _pmoves.take_deliveries(queue text, most integer, lease float8)
returns table (id text, target text, payload jsonb, attempt integer, created_at timestamptz, message_id text, key text, next_due float8)
language plpgsql set search_path = '' set enable_sort = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  wanted text := take_deliveries.queue;
begin
  -- Whoever takes next has to see what was taken, or would take what comes after it.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('_pmoves.deliveries'), pg_catalog.hashtext(wanted));
  return query
    with taken as (
      update _pmoves.deliveries as given
      set attempts = attempts + 1, due = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease), leased = true
      from (
        select each.id from _pmoves.deliveries as each
        where each.queue = wanted and each.delivered_at is null and each.due <= pg_catalog.now() and not exists (
          select from _pmoves.deliveries as earlier
          where earlier.queue = wanted and earlier.key = each.key and earlier.id < each.id
            and earlier.delivered_at is null and earlier.due > pg_catalog.now()
        )
        order by each.id limit most for update skip locked
      ) as next
      where given.id = next.id
      returning given.*
    )
    select id::text, target, payload, attempts, created_at, message_id::text, key, null::float8 from taken order by taken.id;
  return query
    select null::text, null::text, null::jsonb, null::integer, null::timestamptz, null::text, null::text,
      pg_catalog.date_part('epoch', pg_catalog.min(due) - pg_catalog.now()) * 1000
    from _pmoves.deliveries where queue = wanted and delivered_at is null and due > pg_catalog.now();
end
$$;

-- Makes dead letters wait again, with all their attempts ahead of them; null: any queue, id, target.
create or replace function _pmoves.revive_deliveries(queue text, id text, target text) returns integer
language sql set search_path = '' as $$
  with gone as (
    delete from _pmoves.dead_letters as dead
    where (revive_deliveries.queue is null or dead.queue = revive_deliveries.queue)
      and (revive_deliveries.id is null or dead.id::text = revive_deliveries.id)
      and (revive_deliveries.target is null or dead.target = revive_deliveries.target)
    returning *
  ), back as (
    insert into _pmoves.deliveries (id, queue, target, payload, created_at, key, message_id) overriding system value
    select id, queue, target, payload, created_at, key, message_id from gone returning queue
  ), told as (
    select pg_catalog.pg_notify('${deliveryChannel}', queue) from (select distinct queue from back) as queues
  )
  select (select pg_catalog.count(*) from back)::integer from (select pg_catalog.count(*) from told) as done
$$;
`;
