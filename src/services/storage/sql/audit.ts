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

/** A page of all objects, in the order of their ids. @param after the last id of the page before, or nothing */
export async function auditRows(
  transaction: Transaction,
  own: string,
  after: string,
  limit: number,
): Promise<readonly AuditRow[]> {
  const { rows } = await transaction.query<AuditRow>(
    `select o.id, o.bucket_id as "bucketId", o.name, o.version, v.sha256,
       coalesce(v.size, (o.metadata->>'size')::bigint)::float8 as size
     from storage.objects o left join ${own}.storage_versions v on v.version = o.version
     where o.id > $1::uuid order by o.id limit $2`,
    [after === '' ? '00000000-0000-0000-0000-000000000000' : after, limit],
  );
  return rows;
}

/** Which of some versions belong to anything: an object, an upload under way, or the time until they are removed. */
export async function knownVersions(
  transaction: Transaction,
  own: string,
  versions: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await transaction.query<{ version: string }>(
    `select version from ${own}.storage_versions v where version = any($1)
       and (due is not null or exists (select from storage.objects o
         where o.bucket_id = v.bucket_id and o.name = v.name and o.version = v.version))
     union select version from storage.objects where version = any($1)`,
    [versions],
  );
  return new Set(rows.map(({ version }) => version));
}

/** Retires versions whose objects are gone without storage having been asked. @returns how many */
export async function retireOrphans(
  transaction: Transaction,
  own: string,
  retention: number,
  minAge: number,
): Promise<number> {
  const { rowCount } = await transaction.query(
    `update ${own}.storage_versions v set due = clock_timestamp() + $1::float8 * interval '1 millisecond'
     where due is null and $2::float8 >= 0
       and not exists (select from storage.objects o
         where o.bucket_id = v.bucket_id and o.name = v.name and o.version = v.version)`,
    [retention, minAge],
  );
  return rowCount;
}
