/** Who may do what: row level security everywhere and no policy, so that nobody sees anything until somebody says so. */
export const access = `
do $$
declare
  guarded text;
  role text;
begin
  foreach guarded in array array['buckets', 'objects', 'migrations', 's3_multipart_uploads',
    's3_multipart_uploads_parts', 'buckets_analytics', 'buckets_vectors', 'vector_indexes']
  loop
    execute format('alter table storage.%I enable row level security', guarded);
  end loop;
  foreach role in array array['anon', 'authenticated', 'service_role']
  loop
    continue when to_regrole(role) is null;
    execute format('grant usage on schema storage to %I', role);
    execute format('grant all on storage.buckets, storage.objects to %I', role);
    execute format('grant select on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts,
      storage.buckets_analytics, storage.buckets_vectors, storage.vector_indexes to %I', role);
    execute format('grant execute on all functions in schema storage to %I', role);
  end loop;
  if to_regrole('service_role') is not null then
    grant all on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts, storage.buckets_analytics,
      storage.buckets_vectors, storage.vector_indexes to service_role;
  end if;
  if to_regrole('postgres') is not null and to_regrole('postgres') <> to_regrole(current_user::text) then
    grant all on storage.buckets, storage.objects to postgres with grant option;
    grant execute on all functions in schema storage to postgres;
  end if;
end
$$;
`;
