/**
 * Search, as clients know it: `search` ignores case and counts pages by offset, `search_v2` has a cursor. Both keep to the
 * caller's row level security.
 */
export const search = `
drop function if exists storage.search(text, text, integer, integer, integer);
drop function if exists storage.search(text, text, integer, integer, integer, text, text, text);
create function storage.search(
  prefix text, bucketname text, limits integer default 100, levels integer default 1, offsets integer default 0,
  search text default '', sortcolumn text default 'name', sortorder text default 'asc')
returns table (name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz,
  metadata jsonb)
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
  last_char constant text := chr(1114111);
  wanted text := lower(coalesce(prefix, '') || coalesce(search, ''));
  base integer := length(regexp_replace(coalesce(prefix, '') || coalesce(search, ''), '[^/]*$', ''));
  is_asc boolean := lower(coalesce(sortorder, 'asc')) <> 'desc';
  lim integer := least(greatest(coalesce(limits, 100), 0), 1500);
  skip integer := greatest(coalesce(offsets, 0), 0);
  upper_end text := wanted || last_char;
  seek text := case when is_asc then wanted else upper_end end;
  inclusive boolean := is_asc;
  batch integer := 256;
  seen integer;
  entries integer := 0;
  folder text;
  cut integer;
  last_id uuid;
  candidate record;
begin
  if lower(coalesce(sortcolumn, 'name')) <> 'name' then
    return query select * from storage.search_by_time(
      wanted, bucketname, base, lim, skip, lower(sortcolumn), is_asc);
    return;
  end if;
  -- Names that differ in case alone are equal in this order, hence the id.
  while entries < lim + skip loop
    seen := 0;
    folder := null;
    for candidate in
      select o.name as full_name, lower(o.name) as lowered, o.id, o.updated_at, o.created_at, o.last_accessed_at,
        o.metadata
      from storage.objects o
      where is_asc and o.bucket_id = bucketname
        and lower(o.name) collate "C" >= seek and lower(o.name) collate "C" < upper_end
        and (inclusive or lower(o.name) collate "C" > seek or o.id > last_id)
      order by lower(o.name) collate "C" asc, o.id asc limit batch
    loop
      seen := seen + 1;
      seek := candidate.lowered;
      last_id := candidate.id;
      inclusive := false;
      continue when folder is not null and starts_with(candidate.lowered, folder);
      cut := strpos(substr(candidate.lowered, base + 1), '/');
      folder := case when cut > 0 then left(candidate.lowered, base + cut) end;
      entries := entries + 1;
      if entries > skip then
        name := substr(candidate.full_name, base + 1, case when folder is null then length(candidate.full_name) else cut - 1 end);
        id := case when folder is null then candidate.id end;
        updated_at := case when folder is null then candidate.updated_at end;
        created_at := case when folder is null then candidate.created_at end;
        last_accessed_at := case when folder is null then candidate.last_accessed_at end;
        metadata := case when folder is null then candidate.metadata end;
        return next;
      end if;
      exit when folder is not null and (seen = 1 or batch <= 8);
      exit when entries >= lim + skip;
    end loop;
    if is_asc and folder is not null then
      seek := folder || last_char;
      inclusive := true;
      batch := 2;
    elsif is_asc then
      batch := least(batch * 4, 2048);
    end if;
    exit when is_asc and seen = 0;
    continue when is_asc;

    for candidate in
      select o.name as full_name, lower(o.name) as lowered, o.id, o.updated_at, o.created_at, o.last_accessed_at,
        o.metadata
      from storage.objects o
      where o.bucket_id = bucketname
        and lower(o.name) collate "C" <= seek and lower(o.name) collate "C" >= wanted
        and (lower(o.name) collate "C" < seek or o.id < last_id)
      order by lower(o.name) collate "C" desc, o.id desc limit batch
    loop
      seen := seen + 1;
      seek := candidate.lowered;
      last_id := candidate.id;
      continue when folder is not null and starts_with(candidate.lowered, folder);
      cut := strpos(substr(candidate.lowered, base + 1), '/');
      folder := case when cut > 0 then left(candidate.lowered, base + cut) end;
      entries := entries + 1;
      if entries > skip then
        name := substr(candidate.full_name, base + 1, case when folder is null then length(candidate.full_name) else cut - 1 end);
        id := case when folder is null then candidate.id end;
        updated_at := case when folder is null then candidate.updated_at end;
        created_at := case when folder is null then candidate.created_at end;
        last_accessed_at := case when folder is null then candidate.last_accessed_at end;
        metadata := case when folder is null then candidate.metadata end;
        return next;
      end if;
      exit when folder is not null and (seen = 1 or batch <= 8);
      exit when entries >= lim + skip;
    end loop;
    if folder is not null then
      seek := folder;
      last_id := null;
      batch := 2;
    else
      batch := least(batch * 4, 2048);
    end if;
    exit when seen = 0;
  end loop;
end
$$;

create or replace function storage.search_by_time(
  wanted text, bucketname text, base integer, lim integer, skip integer, sort_column text, is_asc boolean)
returns table (name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz,
  metadata jsonb)
language sql stable as $$
  with candidates as (
    select strpos(substr(o.name, base + 1), '/') as cut, o.*
    from storage.objects o
    where o.bucket_id = bucketname
      and lower(o.name) collate "C" >= wanted and lower(o.name) collate "C" < wanted || chr(1114111)
  ), entries as (
    select distinct on (lower(substr(c.name, base + 1, c.cut - 1)) collate "C")
      substr(c.name, base + 1, c.cut - 1) as name, null::uuid as id, null::timestamptz as updated_at,
      null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata, true as is_folder
    from candidates c where c.cut > 0
    union all
    select substr(c.name, base + 1), c.id, c.updated_at, c.created_at, c.last_accessed_at, c.metadata, false
    from candidates c where c.cut = 0
  )
  select e.name, e.id, e.updated_at, e.created_at, e.last_accessed_at, e.metadata
  from entries e
  cross join lateral (
    select case sort_column when 'updated_at' then e.updated_at when 'created_at' then e.created_at
      else e.last_accessed_at end as moment) as key
  order by e.is_folder desc,
    case when is_asc then key.moment end asc, case when not is_asc then key.moment end desc,
    lower(e.name) collate "C" asc
  limit lim offset skip
$$;

drop function if exists storage.search_v2(text, text, integer, integer, text);
drop function if exists storage.search_v2(text, text, integer, integer, text, text, text, text);
create function storage.search_v2(
  prefix text, bucket_name text, limits integer default 100, levels integer default 1, start_after text default '',
  sort_order text default 'asc', sort_column text default 'name', sort_column_after text default '')
returns table (key text, name text, id uuid, updated_at timestamptz, created_at timestamptz,
  last_accessed_at timestamptz, metadata jsonb)
language plpgsql stable as $$
begin
  if lower(coalesce(sort_column, 'name')) not in ('updated_at', 'created_at') then
    return query
      select split_part(rtrim(l.name, '/'), '/', -1), l.name, l.id, l.updated_at, l.created_at, l.last_accessed_at,
        l.metadata
      from storage.list_objects_with_delimiter(
        bucket_name, prefix, '/', limits, start_after, '', sort_order) as l;
  else
    return query select * from storage.search_by_timestamp(
      prefix, bucket_name, limits, levels, start_after, sort_order, sort_column, sort_column_after);
  end if;
end
$$;

drop function if exists storage.search_by_timestamp(text, text, integer, integer, text, text, text, text);
create function storage.search_by_timestamp(
  p_prefix text, p_bucket_id text, p_limit integer, p_level integer, p_start_after text, p_sort_order text,
  p_sort_column text, p_sort_column_after text)
returns table (key text, name text, id uuid, updated_at timestamptz, created_at timestamptz,
  last_accessed_at timestamptz, metadata jsonb)
language sql stable as $$
  with candidates as (
    select storage.get_common_prefix(o.name, coalesce(p_prefix, ''), '/') as folder, o.*
    from storage.objects o
    where o.bucket_id = p_bucket_id
      and o.name collate "C" >= coalesce(p_prefix, '') and o.name collate "C" < coalesce(p_prefix, '') || chr(1114111)
  ), entries as (
    select c.folder as name, null::uuid as id, min(c.created_at) as updated_at, min(c.created_at) as created_at,
      null::timestamptz as last_accessed_at, null::jsonb as metadata
    from candidates c where c.folder is not null group by c.folder
    union all
    select c.name, c.id, c.updated_at, c.created_at, c.last_accessed_at, c.metadata
    from candidates c where c.folder is null
  ), keyed as (
    select e.*, date_trunc('milliseconds',
      case lower(p_sort_column) when 'updated_at' then e.updated_at else e.created_at end) as moment
    from entries e
  )
  select split_part(rtrim(k.name, '/'), '/', -1), k.name, k.id, k.updated_at, k.created_at, k.last_accessed_at,
    k.metadata
  from keyed k
  where coalesce(p_sort_column_after, '') = ''
    or case when lower(coalesce(p_sort_order, 'asc')) <> 'desc'
      then k.moment > p_sort_column_after::timestamptz
        or (k.moment = p_sort_column_after::timestamptz and k.name collate "C" > p_start_after)
      else k.moment < p_sort_column_after::timestamptz
        or (k.moment = p_sort_column_after::timestamptz and k.name collate "C" < p_start_after) end
  order by
    case when lower(coalesce(p_sort_order, 'asc')) <> 'desc' then k.moment end asc,
    case when lower(coalesce(p_sort_order, 'asc')) <> 'desc' then k.name end collate "C" asc,
    case when lower(coalesce(p_sort_order, 'asc')) = 'desc' then k.moment end desc,
    case when lower(coalesce(p_sort_order, 'asc')) = 'desc' then k.name end collate "C" desc
  limit p_limit
$$;
`;
