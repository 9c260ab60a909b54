/**
 * Functions by which SQL asks who may see a change, given in the form of the plugin wal2json. The program itself reads
 * pgoutput and does not call them; `list_changes` needs that plugin on the server.
 */
export const walrus = `
create or replace function realtime.quote_wal2json(entity regclass) returns text language sql stable strict as $$
  select regexp_replace(n.nspname, '([\\s.,\\\\*])', '\\\\\\1', 'g') || '.' ||
    regexp_replace(c.relname, '([\\s.,\\\\*])', '\\\\\\1', 'g')
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = entity
$$;

create or replace function realtime.wal2json_escape_identifier(name text) returns text language sql immutable strict as $$
  select regexp_replace(name, '([\\s.,\\\\*])', '\\\\\\1', 'g')
$$;

create or replace function realtime.build_prepared_statement_sql(
  prepared_statement_name text, entity regclass, columns realtime.wal_column[]
) returns text language sql as $$
  select format(
    'prepare %s as select exists (select from %s where %s)',
    prepared_statement_name,
    entity,
    string_agg(format('%I = %L::%s', c.name, c.value #>> '{}', c.type_oid::regtype), ' and ')
  )
  from unnest(columns) as c where c.is_pkey
$$;

create or replace function realtime.apply_rls(wal jsonb, max_record_bytes integer default 1048576)
returns setof realtime.wal_rls language plpgsql volatile as $$
declare
  target regclass := format('%I.%I', wal ->> 'schema', wal ->> 'table')::regclass;
  kind realtime.action := case wal ->> 'action'
    when 'I' then 'INSERT' when 'U' then 'UPDATE' when 'D' then 'DELETE' else 'ERROR' end;
  is_secured boolean := (select relrowsecurity from pg_class where oid = target);
  is_large boolean := octet_length(wal::text) > max_record_bytes;
  keys text[] := array(select k ->> 'name' from jsonb_array_elements(coalesce(wal -> 'pk', '[]')) as k);
  before_role text := current_setting('role');
  role regrole;
  selected text[];
  present realtime.wal_column[];
  earlier realtime.wal_column[];
  matching uuid[];
  seen uuid[];
  subscribers realtime.subscription[];
  subscriber realtime.subscription;
  is_visible boolean;
  problems text[];
begin
  if kind = 'ERROR' then
    return;
  end if;
  for role, selected in
    select distinct s.claims_role, s.selected_columns from realtime.subscription s where s.entity = target
  loop
    present := realtime.wal_columns(wal -> 'columns', target, role, keys);
    earlier := realtime.wal_columns(wal -> 'identity', target, role, keys);
    select coalesce(array_agg(s.subscription_id), '{}') into matching
    from realtime.subscription s
    where s.entity = target and s.claims_role = role and s.selected_columns is not distinct from selected
      and coalesce(s.action_filter, '*') in ('*', kind::text)
      and realtime.is_visible_through_filters(case when kind = 'DELETE' then earlier else present end, s.filters);

    if kind <> 'DELETE' and cardinality(keys) = 0 then
      return next row(
        jsonb_build_object('schema', wal ->> 'schema', 'table', wal ->> 'table', 'type', kind),
        is_secured, matching, array['Error 400: Bad Request, no primary key']
      )::realtime.wal_rls;
      continue;
    end if;
    if kind <> 'DELETE' and exists (select from unnest(present) as c where c.is_pkey and not c.is_selectable) then
      return next row(
        jsonb_build_object('schema', wal ->> 'schema', 'table', wal ->> 'table', 'type', kind),
        is_secured, matching, array['Error 401: Unauthorized']
      )::realtime.wal_rls;
      continue;
    end if;

    -- What the filters read need not be shown; the key always is.
    present := array(select c from unnest(present) as c where selected is null or c.is_pkey or c.name = any (selected));
    earlier := array(select c from unnest(earlier) as c where selected is null or c.is_pkey or c.name = any (selected));

    if is_secured and kind <> 'DELETE' then
      seen := '{}';
      -- Read beforehand: under the subscriber's role the table shows nothing.
      subscribers := array(
        select s from realtime.subscription s
        where s.entity = target and s.claims_role = role and s.subscription_id = any (matching)
          and s.selected_columns is not distinct from selected
      );
      perform set_config('role', role::text, true);
      foreach subscriber in array subscribers loop
        -- A statement of its own for each: one for several would answer all by the first one's claims.
        perform set_config('request.jwt.claims', subscriber.claims::text, true);
        execute format(
          'select exists (select from %s where %s)',
          target,
          (select string_agg(format('%I = %L::%s', c.name, c.value #>> '{}', c.type_oid::regtype), ' and ')
           from unnest(present) as c where c.is_pkey)
        ) into is_visible;
        if is_visible then
          seen := seen || subscriber.subscription_id;
        end if;
      end loop;
      perform set_config('role', before_role, true);
      matching := seen;
    end if;

    problems := case when is_large then array['Error 413: Payload Too Large'] else '{}'::text[] end;
    return next row(
      jsonb_strip_nulls(jsonb_build_object(
        'schema', wal ->> 'schema',
        'table', wal ->> 'table',
        'type', kind,
        'commit_timestamp', to_char(
          (wal ->> 'timestamp')::timestamptz at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
        )
      )) || jsonb_build_object('columns', (
        select coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', t.typname) order by a.attnum), '[]')
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = target and a.attnum > 0 and not a.attisdropped
          and has_column_privilege(role::oid, target::oid, a.attnum, 'select')
          and (selected is null or a.attname = any (keys) or a.attname = any (selected))
      ))
      || case when kind = 'DELETE' then '{}'::jsonb
         else jsonb_build_object('record', realtime.wal_record(present, is_large, false)) end
      || case when kind = 'INSERT' then '{}'::jsonb
         else jsonb_build_object(
           'old_record', realtime.wal_record(earlier, is_large, is_secured and kind = 'DELETE')
         ) end,
      is_secured, matching, problems
    )::realtime.wal_rls;
  end loop;
end
$$;

create or replace function realtime.list_changes(
  publication name, slot_name name, max_changes integer, max_record_bytes integer
) returns setof realtime.wal_rls language sql volatile set log_min_messages to 'fatal' as $$
  with tables as (
    select string_agg(realtime.quote_wal2json(format('%I.%I', schemaname, tablename)::regclass), ',') as names
    from pg_publication_tables where pubname = publication
  ),
  changes as (
    select x.data::jsonb as wal
    from tables,
      lateral (
        select * from pg_logical_slot_get_changes(
          slot_name, null, max_changes,
          'include-pk', 'true', 'include-transaction', 'false', 'include-timestamp', 'true',
          'include-type-oids', 'true', 'format-version', '2', 'actions', 'insert,update,delete', 'add-tables', names
        )
        where names is not null and names <> ''
      ) as x
  )
  select visible.* from changes, realtime.apply_rls(changes.wal, max_record_bytes) as visible
  where visible.subscription_ids <> '{}'
$$;
`;

/** What the functions of `walrus` share. */
export const walrusParts = `
create or replace function realtime.wal_columns(
  columns jsonb, entity regclass, role regrole, keys text[]
) returns realtime.wal_column[] language sql stable as $$
  select coalesce(array_agg(row(
    c ->> 'name', t.typname, a.atttypid,
    realtime."cast"(c ->> 'value', a.atttypid::regtype),
    (c ->> 'name') = any (keys),
    has_column_privilege(role::oid, entity::oid, a.attnum, 'select')
  )::realtime.wal_column order by a.attnum), '{}')
  from jsonb_array_elements(coalesce(columns, '[]')) as c
  join pg_attribute a on a.attrelid = entity and a.attname = c ->> 'name' and a.attnum > 0
  join pg_type t on t.oid = a.atttypid
$$;

create or replace function realtime.wal_record(
  columns realtime.wal_column[], only_short boolean, only_key boolean
) returns jsonb language sql immutable as $$
  select coalesce(jsonb_object_agg(c.name, c.value), '{}')
  from unnest(columns) as c
  where c.is_selectable and (c.is_pkey or not only_key)
    and (not only_short or octet_length(coalesce(c.value, 'null')::text) <= 64)
$$;
`;
