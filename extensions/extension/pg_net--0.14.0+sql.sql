do $$
begin
  if to_regnamespace('net') is null then
    create schema net;
  end if;
end
$$;

create domain net.http_method as text
  check (value ilike 'get' or value ilike 'post' or value ilike 'delete');

create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);

create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);
create index _http_response_created_idx on net._http_response (created);

create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create type net.http_response as (status_code integer, headers jsonb, body text);
create type net.http_response_result as (status net.request_status, message text, response net.http_response);

-- Every entry point ends here until requests are sent.
create function net._not_served(function_name text) returns bigint language plpgsql as $$
begin
  raise feature_not_supported using
    message = format('net.%s is not served yet', function_name),
    hint = 'HTTP requests from SQL are not sent by this release.';
end
$$;

create function net.http_get(
  url text,
  params jsonb default '{}',
  headers jsonb default '{}',
  timeout_milliseconds integer default 5000
) returns bigint language plpgsql parallel restricted as $$
begin
  return net._not_served('http_get');
end
$$;

create function net.http_post(
  url text,
  body jsonb default '{}',
  params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
) returns bigint language plpgsql parallel restricted as $$
begin
  return net._not_served('http_post');
end
$$;

create function net.http_delete(
  url text,
  params jsonb default '{}',
  headers jsonb default '{}',
  timeout_milliseconds integer default 5000,
  body jsonb default null
) returns bigint language plpgsql parallel restricted as $$
begin
  return net._not_served('http_delete');
end
$$;

create function net._http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result language plpgsql parallel restricted as $$
begin
  perform net._not_served('_http_collect_response');
end
$$;

create function net.http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result language plpgsql parallel restricted as $$
begin
  perform net._not_served('http_collect_response');
end
$$;

create function net.worker_restart() returns boolean language plpgsql as $$
begin
  perform net._not_served('worker_restart');
end
$$;

create function net.check_worker_is_up() returns void language plpgsql as $$
begin
  perform net._not_served('check_worker_is_up');
end
$$;

create function net.wait_until_running() returns void language plpgsql as $$
begin
  perform net._not_served('wait_until_running');
end
$$;

grant select, update, insert, delete on all tables in schema net to public;
grant usage on sequence net.http_request_queue_id_seq to public;
