import type { Transaction } from '#kernel/sql';

/** A bucket. */
export interface Bucket {
  readonly id: string;
  readonly name: string;
  readonly owner: string | null;
  readonly public: boolean;
  readonly type: 'STANDARD' | 'ANALYTICS' | 'VECTOR';
  readonly file_size_limit: number | null;
  readonly allowed_mime_types: readonly string[] | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What a bucket is made with. */
export interface NewBucket {
  readonly id: string;
  readonly name: string;
  readonly owner: string | null;
  readonly ownerId: string | null;
  readonly public: boolean;
  readonly fileSizeLimit: number | null;
  readonly allowedMimeTypes: readonly string[] | null;
}

/** How a list of buckets is cut. */
export interface BucketQuery {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  readonly sortColumn: 'id' | 'name' | 'created_at' | 'updated_at';
  readonly sortOrder: 'asc' | 'desc';
  readonly search?: string | undefined;
}

const columns = `id, name, owner, coalesce(public, false) as public, type, file_size_limit::float8 as file_size_limit,
  allowed_mime_types, created_at, updated_at`;

/** Finds a bucket that the scope may see. */
export async function findBucket(
  transaction: Transaction,
  id: string,
  lock: '' | 'for update' | 'for share' = '',
): Promise<Bucket | undefined> {
  const { rows } = await transaction.query<Bucket>(`select ${columns} from storage.buckets where id = $1 ${lock}`, [
    id,
  ]);
  return rows[0];
}

/** Lists what the scope may see. `search` matches any part of the name, whatever its case. */
export async function listBuckets(transaction: Transaction, query: BucketQuery): Promise<readonly Bucket[]> {
  const { rows } = await transaction.query<Bucket>(
    `select ${columns} from storage.buckets
     where $1::text is null or strpos(lower(name), lower($1)) > 0
     order by ${query.sortColumn}${query.sortColumn === 'id' || query.sortColumn === 'name' ? ' collate "C"' : ''} ${query.sortOrder}, id
     limit $2 offset $3`,
    [query.search ?? null, query.limit ?? null, query.offset ?? 0],
  );
  return rows;
}

/** @throws 23505 when the id or the name is taken */
export async function insertBucket(transaction: Transaction, bucket: NewBucket): Promise<void> {
  await transaction.query(
    `insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      bucket.id,
      bucket.name,
      bucket.owner,
      bucket.ownerId,
      bucket.public,
      bucket.fileSizeLimit,
      bucket.allowedMimeTypes,
    ],
  );
}

/** Changes what is given; null clears. @returns whether the scope may change such a bucket */
export async function updateBucket(
  transaction: Transaction,
  id: string,
  change: {
    readonly public?: boolean | undefined;
    readonly fileSizeLimit?: number | null | undefined;
    readonly allowedMimeTypes?: readonly string[] | null | undefined;
  },
): Promise<boolean> {
  const { rowCount } = await transaction.query(
    `update storage.buckets set
       public = case when $2 then $3 else public end,
       file_size_limit = case when $4 then $5::bigint else file_size_limit end,
       allowed_mime_types = case when $6 then $7::text[] else allowed_mime_types end,
       updated_at = now()
     where id = $1`,
    [
      id,
      change.public !== undefined,
      change.public ?? false,
      change.fileSizeLimit !== undefined,
      change.fileSizeLimit ?? null,
      change.allowedMimeTypes !== undefined,
      change.allowedMimeTypes ?? null,
    ],
  );
  return rowCount > 0;
}

/** @returns whether the scope may delete such a bucket. @throws 23503 while it holds objects */
export async function deleteBucket(transaction: Transaction, id: string): Promise<boolean> {
  const { rowCount } = await transaction.query('delete from storage.buckets where id = $1', [id]);
  return rowCount > 0;
}

/** Objects of a bucket, counted up to `limit`. */
export async function countObjects(transaction: Transaction, bucketId: string, limit: number): Promise<number> {
  const { rows } = await transaction.query<{ count: number }>(
    'select count(*)::int as count from (select from storage.objects where bucket_id = $1 limit $2) as counted',
    [bucketId, limit],
  );
  return rows[0]?.count ?? 0;
}
