-- A queue is a table `q_<name>`, its archive a table `a_<name>`, both of whoever made it. A message is visible from `vt` on:
-- reading it moves `vt` into the future. Rows that somebody else is reading are passed over.

select pg_extension_config_dump('pgmq.meta', '');

drop function if exists pgmq._not_served(text);

create or replace function pgmq.validate_queue_name(queue_name text) returns void
language plpgsql immutable as $$
begin
  if length(queue_name) > 47 then
    raise exception 'queue name is too long, maximum length is 47 characters';
  end if;
end
$$;

-- The table of a queue (prefix q) or of its archive (prefix a), ready to be written into a statement.
create function pgmq.format_table_name(queue_name text, prefix text) returns text
language plpgsql immutable as $$
begin
  if queue_name is null then
    raise null_value_not_allowed using message = 'queue name must not be null';
  elsif queue_name ~ '\$|;|--|''' then
    raise exception 'queue name contains invalid characters: $, ;, --, or \''';
  end if;
  return lower(prefix || '_' || queue_name);
end
$$;

create function pgmq._table(queue_name text, prefix text) returns text language sql immutable
return 'pgmq.' || quote_ident(pgmq.format_table_name(queue_name, prefix));

create function pgmq._create(queue_name text, is_unlogged boolean) returns void
language plpgsql as $$
declare
  name constant text := pgmq.format_table_name(queue_name, 'q');
begin
  perform pgmq.validate_queue_name(queue_name);
  -- Two who make the same queue at once would meet in the catalogue.
  perform pg_advisory_xact_lock(hashtext('pgmq.queue_' || lower(queue_name)));
  execute format(
    $q$
      create %3$s table if not exists %1$s (
        msg_id bigint primary key generated always as identity,
        read_ct integer not null default 0,
        enqueued_at timestamptz not null default now(),
        vt timestamptz not null,
        message jsonb,
        headers jsonb
      );
      create table if not exists %2$s (
        msg_id bigint primary key,
        read_ct integer not null default 0,
        enqueued_at timestamptz not null default now(),
        archived_at timestamptz not null default now(),
        vt timestamptz not null,
        message jsonb,
        headers jsonb
      );
      create index if not exists %4$I on %1$s (vt);
      create index if not exists %5$I on %2$s (archived_at);
    $q$,
    pgmq._table(queue_name, 'q'),
    pgmq._table(queue_name, 'a'),
    case when is_unlogged then 'unlogged' else '' end,
    name || '_vt_idx',
    'archived_at_idx_' || lower(queue_name)
  );
  insert into pgmq.meta (queue_name, is_partitioned, is_unlogged)
  values (_create.queue_name, false, _create.is_unlogged)
  on conflict on constraint meta_queue_name_key do nothing;
end
$$;

create or replace function pgmq.create_non_partitioned(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._create(queue_name, false);
end
$$;

create or replace function pgmq.create(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._create(queue_name, false);
end
$$;

create or replace function pgmq.create_unlogged(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._create(queue_name, true);
end
$$;

create or replace function pgmq.create_partitioned(
  queue_name text,
  partition_interval text default '10000',
  retention_interval text default '100000'
) returns void language plpgsql as $$
begin
  raise feature_not_supported using
    message = 'pg_partman is required for partitioned queues',
    hint = 'A queue that is not partitioned does the same, until it is very large.';
end
$$;

create function pgmq.convert_archive_partitioned(
  table_name text,
  partition_interval text default '10000',
  retention_interval text default '100000',
  leading_partition integer default 10
) returns void language plpgsql as $$
begin
  raise feature_not_supported using message = 'pg_partman is required for partitioned queues';
end
$$;

create or replace function pgmq.drop_queue(queue_name text) returns boolean language plpgsql as $$
#variable_conflict use_column
declare
  known boolean;
begin
  delete from pgmq.meta as queue where lower(queue.queue_name) = lower(drop_queue.queue_name);
  known := found;
  if known then
    execute format(
      'drop table if exists %s, %s', pgmq._table(drop_queue.queue_name, 'q'), pgmq._table(drop_queue.queue_name, 'a')
    );
  end if;
  return known;
end
$$;

create function pgmq.drop_queue(queue_name text, partitioned boolean) returns boolean language plpgsql as $$
begin
  raise warning 'drop_queue(queue_name, partitioned) is deprecated and will be removed, use drop_queue(queue_name)';
  return pgmq.drop_queue(queue_name);
end
$$;

-- The archive is a table like others here, and stays when the extension goes.
create or replace function pgmq.detach_archive(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._table(queue_name, 'a')::regclass;
end
$$;

create or replace function pgmq.list_queues() returns setof pgmq.queue_record language sql stable as $$
  select queue_name, is_partitioned, is_unlogged, created_at from pgmq.meta
$$;

-- Sending ---------------------------------------------------------------------------------------------------------------

create or replace function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay timestamptz)
returns setof bigint language plpgsql as $$
begin
  return query execute format(
    'insert into %s (vt, message, headers) values ($1, $2, $3) returning msg_id', pgmq._table(queue_name, 'q')
  ) using delay, msg, headers;
end
$$;

create or replace function pgmq.send(queue_name text, msg jsonb) returns setof bigint language sql as $$
  select * from pgmq.send(queue_name, msg, null::jsonb, clock_timestamp())
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, headers jsonb) returns setof bigint language sql as $$
  select * from pgmq.send(queue_name, msg, headers, clock_timestamp())
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, delay integer) returns setof bigint language sql as $$
  select * from pgmq.send(queue_name, msg, null::jsonb, clock_timestamp() + make_interval(secs => delay))
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, delay timestamptz) returns setof bigint language sql as $$
  select * from pgmq.send(queue_name, msg, null::jsonb, delay)
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay integer) returns setof bigint language sql as $$
  select * from pgmq.send(queue_name, msg, headers, clock_timestamp() + make_interval(secs => delay))
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay timestamptz)
returns setof bigint language plpgsql as $$
begin
  if cardinality(headers) > cardinality(msgs) then
    raise array_subscript_error using message = 'there are more headers than messages';
  end if;
  return query execute format(
    'insert into %s (vt, message, headers)
     select $1, message, headers from unnest($2, $3) with ordinality as given(message, headers, place) order by place
     returning msg_id',
    pgmq._table(queue_name, 'q')
  ) using delay, msgs, coalesce(headers, '{}');
end
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[]) returns setof bigint language sql as $$
  select * from pgmq.send_batch(queue_name, msgs, null::jsonb[], clock_timestamp())
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[]) returns setof bigint language sql as $$
  select * from pgmq.send_batch(queue_name, msgs, headers, clock_timestamp())
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], delay integer) returns setof bigint language sql as $$
  select * from pgmq.send_batch(queue_name, msgs, null::jsonb[], clock_timestamp() + make_interval(secs => delay))
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], delay timestamptz) returns setof bigint language sql as $$
  select * from pgmq.send_batch(queue_name, msgs, null::jsonb[], delay)
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay integer) returns setof bigint language sql as $$
  select * from pgmq.send_batch(queue_name, msgs, headers, clock_timestamp() + make_interval(secs => delay))
$$;

-- Reading ---------------------------------------------------------------------------------------------------------------

create or replace function pgmq.read(queue_name text, vt integer, qty integer, conditional jsonb default '{}')
returns setof pgmq.message_record language plpgsql as $$
begin
  return query execute format(
    $q$
      with next as (
        select msg_id from %1$s
        where vt <= clock_timestamp() and ($3 = '{}' or message @> $3)
        order by msg_id limit $2 for update skip locked
      ), taken as (
        update %1$s as queue
        set vt = clock_timestamp() + make_interval(secs => $1), read_ct = read_ct + 1
        from next where queue.msg_id = next.msg_id
        returning queue.msg_id, queue.read_ct, queue.enqueued_at, queue.vt, queue.message, queue.headers
      )
      select * from taken order by msg_id
    $q$,
    pgmq._table(queue_name, 'q')
  ) using vt, qty, coalesce(conditional, '{}');
end
$$;

create or replace function pgmq.read_with_poll(
  queue_name text,
  vt integer,
  qty integer,
  max_poll_seconds integer default 5,
  poll_interval_ms integer default 100,
  conditional jsonb default '{}'
) returns setof pgmq.message_record language plpgsql as $$
declare
  until constant timestamptz := clock_timestamp() + make_interval(secs => max_poll_seconds);
begin
  loop
    return query select * from pgmq.read(queue_name, vt, qty, conditional);
    exit when found or clock_timestamp() >= until;
    perform pg_sleep(poll_interval_ms / 1000.0);
  end loop;
end
$$;

create or replace function pgmq.pop(queue_name text) returns setof pgmq.message_record language plpgsql as $$
begin
  return query execute format(
    $q$
      delete from %1$s where msg_id = (
        select msg_id from %1$s where vt <= clock_timestamp() order by msg_id limit 1 for update skip locked
      )
      returning msg_id, read_ct, enqueued_at, vt, message, headers
    $q$,
    pgmq._table(queue_name, 'q')
  );
end
$$;

create function pgmq.set_vt(queue_name text, msg_id bigint, vt timestamptz)
returns setof pgmq.message_record language plpgsql as $$
begin
  return query execute format(
    'update %s set vt = $2 where msg_id = $1 returning msg_id, read_ct, enqueued_at, vt, message, headers',
    pgmq._table(queue_name, 'q')
  ) using msg_id, vt;
end
$$;

create or replace function pgmq.set_vt(queue_name text, msg_id bigint, vt integer)
returns setof pgmq.message_record language sql as $$
  select * from pgmq.set_vt(queue_name, msg_id, clock_timestamp() + make_interval(secs => vt))
$$;

-- Done with ---------------------------------------------------------------------------------------------------------------

create or replace function pgmq.delete(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
begin
  return query execute format(
    'delete from %s where msg_id = any ($1) returning msg_id', pgmq._table(queue_name, 'q')
  ) using msg_ids;
end
$$;

create or replace function pgmq.delete(queue_name text, msg_id bigint) returns boolean language sql as $$
  select exists (select from pgmq.delete(queue_name, array[msg_id]))
$$;

create or replace function pgmq.archive(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
begin
  return query execute format(
    $q$
      with done as (
        delete from %1$s where msg_id = any ($1)
        returning msg_id, vt, read_ct, enqueued_at, message, headers
      )
      insert into %2$s (msg_id, vt, read_ct, enqueued_at, message, headers)
      select msg_id, vt, read_ct, enqueued_at, message, headers from done
      returning msg_id
    $q$,
    pgmq._table(queue_name, 'q'),
    pgmq._table(queue_name, 'a')
  ) using msg_ids;
end
$$;

create or replace function pgmq.archive(queue_name text, msg_id bigint) returns boolean language sql as $$
  select exists (select from pgmq.archive(queue_name, array[msg_id]))
$$;

create or replace function pgmq.purge_queue(queue_name text) returns bigint language plpgsql as $$
declare
  purged bigint;
begin
  execute format('delete from %s', pgmq._table(queue_name, 'q'));
  get diagnostics purged = row_count;
  return purged;
end
$$;

-- Looking at queues -----------------------------------------------------------------------------------------------------

create or replace function pgmq.metrics(queue_name text) returns pgmq.metrics_result language plpgsql as $$
declare
  result pgmq.metrics_result;
begin
  execute format(
    $q$
      select
        $1, count(*),
        extract(epoch from clock_timestamp() - max(enqueued_at))::integer,
        extract(epoch from clock_timestamp() - min(enqueued_at))::integer,
        coalesce(pg_sequence_last_value($2::regclass), 0),
        clock_timestamp(),
        count(*) filter (where vt <= clock_timestamp())
      from %s
    $q$,
    pgmq._table(queue_name, 'q')
  ) into result using queue_name, pg_get_serial_sequence(pgmq._table(queue_name, 'q'), 'msg_id');
  return result;
end
$$;

create or replace function pgmq.metrics_all() returns setof pgmq.metrics_result language sql as $$
  select metrics.* from pgmq.meta, pgmq.metrics(meta.queue_name) as metrics
$$;

-- The project's owner works with queues; the schema itself may belong to whoever created the extension.
do $$
begin
  if to_regrole('postgres') is not null then
    grant usage, create on schema pgmq to postgres with grant option;
    grant all on all tables in schema pgmq to postgres with grant option;
    grant all on all functions in schema pgmq to postgres with grant option;
  end if;
end
$$;
