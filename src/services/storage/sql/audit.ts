import type { Transaction } from '#kernel/sql';

/** An object with what is known of its content. */
export interface AuditRow {
  readonly id: string;
  readonly bucketId: string;
  readonly name: string;
  readonly version: string | null;
  readonly size: number | null;
  readonly sha256: string | null;
}

/**
 * A page of all objects, in the order of their ids.
 *
 * @param after the last id of the page before, or nothing
 * @param within only those of a bucket that are older than a moment
 */
export async function auditRows(
  transaction: Transaction,
  own: string,
  after: string,
  limit: number,
  within?: { readonly bucketId: string; readonly before: Date },
): Promise<readonly AuditRow[]> {
  const { rows } = await transaction.query<AuditRow>(
    `select o.id, o.bucket_id as "bucketId", o.name, o.version, v.sha256,
       coalesce(v.size, (o.metadata->>'size')::bigint)::float8 as size
     from storage.objects o left join ${own}.storage_versions v on v.version = o.version
     where o.id > $1::uuid ${within ? 'and o.bucket_id = $3 and o.updated_at < $4' : ''} order by o.id limit $2`,
    [
      after === '' ? '00000000-0000-0000-0000-000000000000' : after,
      limit,
      ...(within ? [within.bucketId, within.before] : []),
    ],
  );
  return rows;
}

/**
 * Which of some versions belong to anything: an object, an upload under way, or the time until they are removed.
 *
 * @returns for each of them whether it is one of the latter two
 */
export async function knownVersions(
  transaction: Transaction,
  own: string,
  versions: readonly string[],
): Promise<ReadonlyMap<string, boolean>> {
  const { rows } = await transaction.query<{ version: string; isDue: boolean }>(
    `select version, bool_or(is_due) as "isDue" from (
       select version, due is not null as is_due from ${own}.storage_versions v where version = any($1)
         and (due is not null or exists (select from storage.objects o
           where o.bucket_id = v.bucket_id and o.name = v.name and o.version = v.version))
       union all select version, false from storage.objects where version = any($1)) known
     group by version`,
    [versions],
  );
  return new Map(rows.map(({ version, isDue }) => [version, isDue]));
}

/** Which of some paths, `bucket/name`, are those of objects whose content has no version. */
export async function objectsWithoutVersion(
  transaction: Transaction,
  paths: readonly string[],
): Promise<ReadonlySet<string>> {
  if (paths.length === 0) return new Set();
  const { rows } = await transaction.query<{ path: string }>(
    `select path from unnest($1::text[]) as path join storage.objects o
       on o.bucket_id = split_part(path, '/', 1) and o.name = substr(path, strpos(path, '/') + 1)
     where o.version is null`,
    [paths],
  );
  return new Set(rows.map(({ path }) => path));
}

/** Retires versions whose objects are gone without storage having been asked. @returns how many */
export async function retireOrphans(transaction: Transaction, own: string, retention: number): Promise<number> {
  const { rowCount } = await transaction.query(
    `update ${own}.storage_versions v set due = clock_timestamp() + $1::float8 * interval '1 millisecond'
     where due is null
       and not exists (select from storage.objects o
         where o.bucket_id = v.bucket_id and o.name = v.name and o.version = v.version)`,
    [retention],
  );
  return rowCount;
}

/** Deletes objects that are still as they were read, as the scope. @returns their names */
export async function deleteUnchanged(
  transaction: Transaction,
  objects: readonly Pick<AuditRow, 'id' | 'version'>[],
): Promise<ReadonlySet<string>> {
  const { rows } = await transaction.query<{ name: string }>(
    `delete from storage.objects o using unnest($1::uuid[], $2::text[]) as read (id, version)
     where o.id = read.id and o.version is not distinct from read.version returning o.name`,
    [objects.map(({ id }) => id), objects.map(({ version }) => version)],
  );
  return new Set(rows.map(({ name }) => name));
}
