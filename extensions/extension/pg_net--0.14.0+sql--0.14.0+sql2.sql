-- A row in the queue is a request to be sent once its transaction has committed. The program beside the database takes
-- rows out, sends them, and writes what came back. It holds the advisory lock below while it does so.

drop function if exists net._not_served(text);

create index if not exists http_request_queue_id_idx on net.http_request_queue (id);
create index if not exists _http_response_id_idx on net._http_response (id);

create function net._wake() returns trigger language plpgsql as $$
begin
  perform pg_catalog.pg_notify('pg_net', '');
  return null;
end
$$;

create trigger wake after insert on net.http_request_queue for each statement execute function net._wake();

-- Unreserved characters of RFC 3986 stay, all else is percent-encoded byte by byte.
create function net._urlencode_string(string text) returns text
language sql immutable strict parallel safe set search_path = pg_catalog as $$
  select coalesce(
    string_agg(
      case
        when character ~ '^[A-Za-z0-9._~-]$' then character
        else upper(regexp_replace(encode(convert_to(character, 'UTF8'), 'hex'), '(..)', '%\1', 'g'))
      end,
      '' order by place
    ),
    ''
  )
  from regexp_split_to_table(string, '') with ordinality as part(character, place)
$$;

create function net._encode_url_with_params_array(url text, params_array text[]) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  base constant text := split_part(url, '#', 1);
  fragment constant text := substr(url, length(base) + 1);
begin
  if url !~* '^[a-z][a-z0-9+.-]*://' then
    raise exception using message = 'the URL has no scheme or a malformed one', errcode = 'invalid_parameter_value';
  end if;
  if cardinality(params_array) = 0 then
    return url;
  end if;
  return base
    || case when base !~ '^[^/]*//[^/?]*[/?]' then '/' else '' end
    || case when position('?' in base) = 0 then '?' when base ~ '[?&]$' then '' else '&' end
    || array_to_string(params_array, '&')
    || fragment;
end
$$;

create function net._url_with_params(url text, params jsonb) returns text
language sql immutable parallel safe set search_path = pg_catalog as $$
  select net._encode_url_with_params_array(
    url,
    array(
      select net._urlencode_string(key) || '=' || net._urlencode_string(coalesce(value, ''))
      from jsonb_each_text(coalesce(params, '{}'))
    )
  )
$$;

create or replace function net.http_get(
  url text,
  params jsonb default '{}',
  headers jsonb default '{}',
  timeout_milliseconds integer default 5000
) returns bigint language sql volatile parallel restricted as $$
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('GET', net._url_with_params(http_get.url, params), http_get.headers, http_get.timeout_milliseconds)
  returning id
$$;

create or replace function net.http_post(
  url text,
  body jsonb default '{}',
  params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
) returns bigint language plpgsql volatile parallel restricted as $$
declare
  content_type text;
  request_id bigint;
begin
  select value into content_type
  from jsonb_each_text(coalesce(http_post.headers, '{}'))
  where lower(key) = 'content-type'
  limit 1;
  if content_type is null then
    http_post.headers := coalesce(http_post.headers, '{}') || '{"Content-Type": "application/json"}';
  elsif content_type <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'POST',
    net._url_with_params(http_post.url, params),
    http_post.headers,
    convert_to(http_post.body::text, 'UTF8'),
    http_post.timeout_milliseconds
  )
  returning id into request_id;
  return request_id;
end
$$;

create or replace function net.http_delete(
  url text,
  params jsonb default '{}',
  headers jsonb default '{}',
  timeout_milliseconds integer default 5000,
  body jsonb default null
) returns bigint language sql volatile parallel restricted as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'DELETE',
    net._url_with_params(http_delete.url, params),
    http_delete.headers,
    convert_to(http_delete.body::text, 'UTF8'),
    http_delete.timeout_milliseconds
  )
  returning id
$$;

-- A request that was queued by the same transaction is sent after that: waiting for it here would never end, so it ends
-- with the statement timeout or after ten minutes.
create function net._await_response(request_id bigint) returns boolean
language plpgsql volatile parallel restricted as $$
declare
  deadline constant timestamptz := clock_timestamp() + interval '10 minutes';
begin
  while not exists (select from net._http_response as response where response.id = request_id) loop
    if clock_timestamp() > deadline then
      return false;
    end if;
    perform pg_sleep(0.05);
  end loop;
  return true;
end
$$;

create or replace function net._http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result language plpgsql volatile parallel restricted as $$
declare
  found net._http_response;
begin
  if not async then
    perform net._await_response(request_id);
  end if;
  select * into found from net._http_response as response where response.id = request_id;
  if found.id is not null and found.error_msg is null then
    return (
      'SUCCESS', 'ok', (found.status_code, found.headers, found.content)::net.http_response
    )::net.http_response_result;
  elsif found.id is not null then
    return ('ERROR', found.error_msg, null)::net.http_response_result;
  elsif exists (select from net.http_request_queue as queued where queued.id = request_id) then
    return ('PENDING', 'request is pending processing', null)::net.http_response_result;
  end if;
  return ('ERROR', 'request matching request_id not found', null)::net.http_response_result;
end
$$;

create or replace function net.http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result language plpgsql volatile parallel restricted as $$
begin
  raise notice 'net.http_collect_response is deprecated: read net._http_response instead';
  return net._http_collect_response(request_id, async);
end
$$;

-- The program holds this lock, shared, while it takes requests of this database.
create function net._worker_is_up() returns boolean
language sql stable parallel restricted set search_path = pg_catalog as $$
  select exists (
    select from pg_locks
    where locktype = 'advisory' and classid = 7366 and objid = 2 and objsubid = 2 and granted
      and database = (select oid from pg_database where datname = current_database())
  )
$$;

create or replace function net.worker_restart() returns boolean language plpgsql as $$
begin
  perform pg_notify('pg_net', 'restart');
  return true;
end
$$;

create or replace function net.check_worker_is_up() returns void language plpgsql as $$
begin
  if not net._worker_is_up() then
    raise exception 'the pg_net background worker is not up'
      using detail = 'requests will not be sent until the program beside this database runs again',
        hint = 'look at its log and at the state of the db service';
  end if;
end
$$;

create or replace function net.wait_until_running() returns void language plpgsql as $$
begin
  while not net._worker_is_up() loop
    perform pg_sleep(0.1);
  end loop;
end
$$;

select pg_notify('pg_net', '');
