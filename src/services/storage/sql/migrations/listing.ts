/**
 * Listing of folders. Names are walked along an index; what lies in a folder is passed over in one step, whatever it
 * holds, and nothing is sorted. The last code point there is stands behind every name that begins like a folder. Planning
 * each step anew would cost more than the step, hence the setting.
 *
 * An entry is either an object or a folder; object `a` and folder `a/` are two, in the order of their full text.
 */
export const listing = `
drop function if exists storage.list_objects_with_delimiter(text, text, text, integer, text, text);
drop function if exists storage.list_objects_with_delimiter(text, text, text, integer, text, text, text);
create function storage.list_objects_with_delimiter(
  _bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100, start_after text default '',
  next_token text default '', sort_order text default 'asc')
returns table (name text, id uuid, metadata jsonb, updated_at timestamptz, created_at timestamptz,
  last_accessed_at timestamptz)
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
  last_char constant text := chr(1114111);
  is_asc boolean := lower(coalesce(sort_order, 'asc')) <> 'desc';
  prefix text := coalesce(prefix_param, '');
  delimiter text := coalesce(delimiter_param, '');
  seek text := case when coalesce(next_token, '') <> '' then next_token else coalesce(start_after, '') end;
  upper_end text := prefix || last_char;
  inclusive boolean := false;
  batch integer;
  seen integer;
  emitted integer := 0;
  folder text;
  candidate record;
begin
  if is_asc then
    if seek < prefix collate "C" then
      seek := prefix;
      inclusive := true;
    elsif delimiter <> '' and seek <> '' and storage.get_common_prefix(seek, prefix, delimiter) = seek then
      seek := seek || last_char;
    end if;
  elsif seek = '' or seek > upper_end collate "C" then
    seek := upper_end;
  end if;
  batch := least(greatest(max_keys, 1) + 1, 1001);
  while emitted < max_keys loop
    seen := 0;
    folder := null;
    for candidate in
      select o.name as full_name, o.id, o.metadata, o.updated_at, o.created_at, o.last_accessed_at
      from storage.objects o
      where is_asc and o.bucket_id = _bucket_id
        and o.name collate "C" >= seek and o.name collate "C" < upper_end
        and (inclusive or o.name collate "C" > seek)
      order by o.name collate "C" asc limit batch
    loop
      seen := seen + 1;
      seek := candidate.full_name;
      inclusive := false;
      continue when folder is not null and starts_with(candidate.full_name, folder);
      folder := storage.get_common_prefix(candidate.full_name, prefix, delimiter);
      emitted := emitted + 1;
      updated_at := candidate.updated_at;
      created_at := candidate.created_at;
      if folder is null then
        name := candidate.full_name;
        id := candidate.id;
        metadata := candidate.metadata;
        last_accessed_at := candidate.last_accessed_at;
      else
        name := folder;
        id := null;
        metadata := null;
        last_accessed_at := null;
        seek := folder || last_char;
      end if;
      return next;
      -- Most of what follows is probably in the folder: a new walk passes over it.
      exit when emitted >= max_keys or (folder is not null and (seen = 1 or batch <= 8));
    end loop;
    if is_asc and folder is not null then
      seek := folder || last_char;
      batch := 2;
    elsif is_asc then
      batch := least(batch * 4, 1001);
    end if;
    exit when is_asc and seen = 0;
    continue when is_asc;

    for candidate in
      select o.name as full_name, o.id, o.metadata, o.updated_at, o.created_at, o.last_accessed_at
      from storage.objects o
      where o.bucket_id = _bucket_id and o.name collate "C" < seek and o.name collate "C" >= prefix
      order by o.name collate "C" desc limit batch
    loop
      seen := seen + 1;
      seek := candidate.full_name;
      continue when folder is not null and starts_with(candidate.full_name, folder);
      folder := storage.get_common_prefix(candidate.full_name, prefix, delimiter);
      emitted := emitted + 1;
      updated_at := candidate.updated_at;
      created_at := candidate.created_at;
      if folder is null then
        name := candidate.full_name;
        id := candidate.id;
        metadata := candidate.metadata;
        last_accessed_at := candidate.last_accessed_at;
      else
        name := folder;
        id := null;
        metadata := null;
        last_accessed_at := null;
        seek := folder;
      end if;
      return next;
      exit when emitted >= max_keys or (folder is not null and (seen = 1 or batch <= 8));
    end loop;
    if folder is not null then
      seek := folder;
      batch := 2;
    else
      batch := least(batch * 4, 1001);
    end if;
    exit when seen = 0;
  end loop;
end
$$;

drop function if exists storage.list_multipart_uploads_with_delimiter(text, text, text, integer, text, text);
create function storage.list_multipart_uploads_with_delimiter(
  bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100, next_key_token text default '',
  next_upload_token text default '')
returns table (key text, id text, created_at timestamptz)
language sql stable as $$
  with candidates as (
    select coalesce(storage.get_common_prefix(u.key, coalesce(prefix_param, ''), coalesce(delimiter_param, '')), u.key)
        as entry,
      storage.get_common_prefix(u.key, coalesce(prefix_param, ''), coalesce(delimiter_param, '')) is null as is_upload,
      u.id, u.created_at
    from storage.s3_multipart_uploads u
    where u.bucket_id = list_multipart_uploads_with_delimiter.bucket_id
      and starts_with(u.key, coalesce(prefix_param, ''))
  ), entries as (
    select entry, case when is_upload then candidates.id end as id,
      case when is_upload then candidates.created_at else min(candidates.created_at) over (partition by entry) end
        as created_at,
      row_number() over (partition by entry, case when is_upload then candidates.id end order by candidates.id) as nth
    from candidates
  )
  select entry, entries.id, entries.created_at from entries
  where nth = 1 and (coalesce(next_key_token, '') = ''
    or entry collate "C" > next_key_token
    or (entry = next_key_token and entries.id is not null and entries.id collate "C" > coalesce(next_upload_token, '')
      and coalesce(next_upload_token, '') <> ''))
  order by entry collate "C", entries.id collate "C"
  limit max_keys
$$;
`;
