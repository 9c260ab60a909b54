create table pgmq.meta (
  queue_name varchar unique not null,
  is_partitioned boolean not null,
  is_unlogged boolean not null,
  created_at timestamptz not null default now()
);

create type pgmq.message_record as (
  msg_id bigint,
  read_ct integer,
  enqueued_at timestamptz,
  vt timestamptz,
  message jsonb,
  headers jsonb
);
create type pgmq.queue_record as (
  queue_name varchar,
  is_partitioned boolean,
  is_unlogged boolean,
  created_at timestamptz
);
create type pgmq.metrics_result as (
  queue_name text,
  queue_length bigint,
  newest_msg_age_sec integer,
  oldest_msg_age_sec integer,
  total_messages bigint,
  scrape_time timestamptz,
  queue_visible_length bigint
);

-- Every entry point ends here until queues are served.
create function pgmq._not_served(function_name text) returns void language plpgsql as $$
begin
  raise feature_not_supported using
    message = format('pgmq.%s is not served yet', function_name),
    hint = 'Message queues are not part of this release.';
end
$$;

create function pgmq.create(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._not_served('create');
end
$$;

create function pgmq.create_non_partitioned(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._not_served('create_non_partitioned');
end
$$;

create function pgmq.create_unlogged(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._not_served('create_unlogged');
end
$$;

create function pgmq.create_partitioned(
  queue_name text,
  partition_interval text default '10000',
  retention_interval text default '100000'
) returns void language plpgsql as $$
begin
  perform pgmq._not_served('create_partitioned');
end
$$;

create function pgmq.drop_queue(queue_name text) returns boolean language plpgsql as $$
begin
  perform pgmq._not_served('drop_queue');
end
$$;

create function pgmq.list_queues() returns setof pgmq.queue_record language plpgsql as $$
begin
  perform pgmq._not_served('list_queues');
end
$$;

create function pgmq.validate_queue_name(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._not_served('validate_queue_name');
end
$$;

create function pgmq.send(queue_name text, msg jsonb) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send');
end
$$;

create function pgmq.send(queue_name text, msg jsonb, headers jsonb) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send');
end
$$;

create function pgmq.send(queue_name text, msg jsonb, delay integer) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send');
end
$$;

create function pgmq.send(queue_name text, msg jsonb, delay timestamptz) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send');
end
$$;

create function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay integer) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send');
end
$$;

create function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay timestamptz) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send');
end
$$;

create function pgmq.send_batch(queue_name text, msgs jsonb[]) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send_batch');
end
$$;

create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[]) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send_batch');
end
$$;

create function pgmq.send_batch(queue_name text, msgs jsonb[], delay integer) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send_batch');
end
$$;

create function pgmq.send_batch(queue_name text, msgs jsonb[], delay timestamptz) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send_batch');
end
$$;

create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay integer) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send_batch');
end
$$;

create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay timestamptz) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('send_batch');
end
$$;

create function pgmq.read(queue_name text, vt integer, qty integer, conditional jsonb default '{}') returns setof pgmq.message_record language plpgsql as $$
begin
  perform pgmq._not_served('read');
end
$$;

create function pgmq.read_with_poll(
  queue_name text,
  vt integer,
  qty integer,
  max_poll_seconds integer default 5,
  poll_interval_ms integer default 100,
  conditional jsonb default '{}'
) returns setof pgmq.message_record language plpgsql as $$
begin
  perform pgmq._not_served('read_with_poll');
end
$$;

create function pgmq.pop(queue_name text) returns setof pgmq.message_record language plpgsql as $$
begin
  perform pgmq._not_served('pop');
end
$$;

create function pgmq.archive(queue_name text, msg_id bigint) returns boolean language plpgsql as $$
begin
  perform pgmq._not_served('archive');
end
$$;

create function pgmq.archive(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('archive');
end
$$;

create function pgmq.delete(queue_name text, msg_id bigint) returns boolean language plpgsql as $$
begin
  perform pgmq._not_served('delete');
end
$$;

create function pgmq.delete(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
begin
  perform pgmq._not_served('delete');
end
$$;

create function pgmq.purge_queue(queue_name text) returns bigint language plpgsql as $$
begin
  perform pgmq._not_served('purge_queue');
end
$$;

create function pgmq.set_vt(queue_name text, msg_id bigint, vt integer) returns setof pgmq.message_record language plpgsql as $$
begin
  perform pgmq._not_served('set_vt');
end
$$;

create function pgmq.metrics(queue_name text) returns pgmq.metrics_result language plpgsql as $$
begin
  perform pgmq._not_served('metrics');
end
$$;

create function pgmq.metrics_all() returns setof pgmq.metrics_result language plpgsql as $$
begin
  perform pgmq._not_served('metrics_all');
end
$$;

create function pgmq.detach_archive(queue_name text) returns void language plpgsql as $$
begin
  perform pgmq._not_served('detach_archive');
end
$$;

-- The project's owner works with queues; the schema itself may belong to whoever created the extension.
do $$
begin
  if to_regrole('postgres') is not null then
    grant usage on schema pgmq to postgres with grant option;
    grant all on all tables in schema pgmq to postgres with grant option;
    grant all on all functions in schema pgmq to postgres with grant option;
  end if;
end
$$;
