import type { Transaction } from '#kernel/sql';

/** Distances that an index may have. */
export type DistanceMetric = 'cosine' | 'euclidean';

/** A vector bucket. */
export interface VectorBucket {
  readonly name: string;
  readonly createdAt: Date;
}

/** A vector index: a table of vectors of one length. */
export interface VectorIndex {
  /** Names the table. */
  readonly id: string;
  readonly name: string;
  readonly bucket: string;
  readonly dataType: string;
  readonly dimension: number;
  readonly metric: DistanceMetric;
  readonly configuration: { readonly nonFilterableMetadataKeys?: readonly string[] } | null;
  readonly createdAt: Date;
}

/** One page of names in their order. */
export interface PageQuery {
  readonly prefix?: string | undefined;
  /** Names behind this one. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Keeps others from making buckets until the transaction ends, and counts those there are. */
export async function countVectorBuckets(transaction: Transaction): Promise<number> {
  await transaction.query('lock table storage.buckets_vectors in share row exclusive mode');
  const { rows } = await transaction.query<{ count: number }>(
    'select count(*)::int as count from storage.buckets_vectors',
  );
  return rows[0]?.count ?? 0;
}

/** @throws 23505 when the name is taken */
export async function insertVectorBucket(transaction: Transaction, name: string): Promise<void> {
  await transaction.query('insert into storage.buckets_vectors (id) values ($1)', [name]);
}

/** Finds a bucket. @param lock keeps its indexes from becoming more or fewer */
export async function findVectorBucket(
  transaction: Transaction,
  name: string,
  lock: '' | 'for update' = '',
): Promise<VectorBucket | undefined> {
  const { rows } = await transaction.query<VectorBucket>(
    `select id as name, created_at as "createdAt" from storage.buckets_vectors where id = $1 ${lock}`,
    [name],
  );
  return rows[0];
}

/** @throws 23503 while it has indexes */
export async function deleteVectorBucket(transaction: Transaction, name: string): Promise<void> {
  await transaction.query('delete from storage.buckets_vectors where id = $1', [name]);
}

/** Lists buckets by name. */
export async function listVectorBuckets(
  transaction: Transaction,
  { prefix, after, limit }: PageQuery,
): Promise<readonly VectorBucket[]> {
  const { rows } = await transaction.query<VectorBucket>(
    `select id as name, created_at as "createdAt" from storage.buckets_vectors
     where starts_with(id, $1) and ($2::text is null or id collate "C" > $2)
     order by id collate "C" limit $3`,
    [prefix ?? '', after ?? null, limit],
  );
  return rows;
}

const columns = `id, name, bucket_id as bucket, data_type as "dataType", dimension, distance_metric as metric,
  metadata_configuration as configuration, created_at as "createdAt"`;

/** How many indexes a bucket has. */
export async function countVectorIndexes(transaction: Transaction, bucket: string): Promise<number> {
  const { rows } = await transaction.query<{ count: number }>(
    'select count(*)::int as count from storage.vector_indexes where bucket_id = $1',
    [bucket],
  );
  return rows[0]?.count ?? 0;
}

/** @throws 23505 when the name is taken in the bucket */
export async function insertVectorIndex(
  transaction: Transaction,
  index: Omit<VectorIndex, 'createdAt'>,
): Promise<void> {
  await transaction.query(
    `insert into storage.vector_indexes (id, name, bucket_id, data_type, dimension, distance_metric, metadata_configuration)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [index.id, index.name, index.bucket, index.dataType, index.dimension, index.metric, index.configuration],
  );
}

/** Finds an index. */
export async function findVectorIndex(
  transaction: Transaction,
  bucket: string,
  name: string,
  lock: '' | 'for update' = '',
): Promise<VectorIndex | undefined> {
  const { rows } = await transaction.query<VectorIndex>(
    `select ${columns} from storage.vector_indexes where bucket_id = $1 and name = $2 ${lock}`,
    [bucket, name],
  );
  return rows[0];
}

/** Forgets an index; its table is somebody else's business. */
export async function deleteVectorIndex(transaction: Transaction, id: string): Promise<void> {
  await transaction.query('delete from storage.vector_indexes where id = $1', [id]);
}

/** Lists a bucket's indexes by name. */
export async function listVectorIndexes(
  transaction: Transaction,
  bucket: string,
  { prefix, after, limit }: PageQuery,
): Promise<readonly VectorIndex[]> {
  const { rows } = await transaction.query<VectorIndex>(
    `select ${columns} from storage.vector_indexes
     where bucket_id = $1 and starts_with(name, $2) and ($3::text is null or name > $3) order by name limit $4`,
    [bucket, prefix ?? '', after ?? null, limit],
  );
  return rows;
}
