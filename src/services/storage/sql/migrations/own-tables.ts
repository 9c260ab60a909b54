/**
 * Tables of this product itself, in a schema beside that of the mirrored service.
 *
 * `storage_versions` has a row for every content there is: `due` says from when on it may be removed (an upload that is
 * under way, a version that was replaced), and is null while an object lives from it. Nothing is ever removed from the
 * backend that is not due here, and no object comes to be whose content is not here.
 */
export const ownTables = (schema: string): string => `
create table if not exists ${schema}.storage_versions (
  version text primary key,
  bucket_id text not null,
  name text not null,
  size bigint,
  sha256 text,
  due timestamptz
);
create index if not exists storage_versions_due_idx on ${schema}.storage_versions (due) where due is not null;
create table if not exists ${schema}.storage_uploads (
  version text primary key references ${schema}.storage_versions (version) on delete cascade,
  size bigint,
  metadata jsonb not null,
  created_at timestamptz not null default now()
);
alter table ${schema}.storage_versions enable row level security;
alter table ${schema}.storage_uploads enable row level security;
comment on table ${schema}.storage_versions is 'Every content in the storage backend; due = when it may be removed.';
comment on table ${schema}.storage_uploads is 'Resumable uploads that are not complete.';
`;
