import { createHash } from 'node:crypto';

/**
 * Names of the mirrored service's migrations, by their number. The last two of its release are left out: they prepare
 * versioned objects, which are not served here.
 */
export const upstreamMigrations: readonly string[] = `
create-migrations-table initialmigration storage-schema pathtoken-column add-migrations-rls add-size-functions
change-column-name-in-get-size add-rls-to-buckets add-public-to-buckets fix-search-function search-files-search-function
add-trigger-to-auto-update-updated_at-column add-automatic-avif-detection-flag add-bucket-custom-limits
use-bytes-for-max-size add-can-insert-object-function add-version drop-owner-foreign-key
add_owner_id_column_deprecate_owner alter-default-value-objects-id list-objects-with-delimiter s3-multipart-uploads
s3-multipart-uploads-big-ints optimize-search-function operation-function custom-metadata objects-prefixes search-v2
object-bucket-name-sorting create-prefixes update-object-levels objects-level-index
backward-compatible-index-on-objects backward-compatible-index-on-prefixes optimize-search-function-v1
add-insert-trigger-prefixes optimise-existing-functions add-bucket-name-length-trigger
iceberg-catalog-flag-on-buckets add-search-v2-sort-support fix-prefix-race-conditions-optimized
add-object-level-update-trigger rollback-prefix-triggers fix-object-level vector-bucket-type vector-buckets
buckets-objects-grants iceberg-table-metadata iceberg-catalog-ids buckets-objects-grants-postgres
search-v2-optimised index-backward-compatible-search drop-not-used-indexes-and-functions drop-index-lower-name
drop-index-object-level prevent-direct-deletes fix-optimized-search-function s3-multipart-uploads-metadata
operation-ergonomics drop-unused-functions optimize-existing-functions-again mark-filename-immutable`
  .trim()
  .split(/\s+/);

const rows = upstreamMigrations
  .map((name, id) => `(${id}, '${name}', '${createHash('sha1').update(name).digest('hex')}')`)
  .join(',\n  ');

/** The table in which the mirrored service and its tools look for what has been applied. */
export const ledger = `
create table if not exists storage.migrations (
  id integer primary key,
  name varchar(100) not null unique,
  hash varchar(40) not null,
  executed_at timestamp default current_timestamp
);
`;

/** Records all of them. */
export const ledgerRows = `
insert into storage.migrations (id, name, hash) values
  ${rows}
on conflict do nothing;
`;
