import { randomUUID } from 'node:crypto';
import { asDatabaseError, type Transaction } from '#kernel/sql';
import { storageError } from '../../errors.ts';
import { owned, type Scope } from '../../sql/scope.ts';
import {
  countVectorBuckets,
  countVectorIndexes,
  type DistanceMetric,
  deleteVectorBucket,
  deleteVectorIndex,
  findVectorBucket,
  findVectorIndex,
  insertVectorBucket,
  insertVectorIndex,
  listVectorBuckets,
  listVectorIndexes,
  type PageQuery,
  type VectorBucket,
  type VectorIndex,
} from '../../sql/vectors/catalogue.ts';
import { findVectorExtension, makeVectorExtension } from '../../sql/vectors/extension.ts';
import { createVectorRows, type FoundVector, type VectorParts, type VectorRows } from '../../sql/vectors/rows.ts';
import type { StorageContext } from '../context.ts';
import { assertBucketName } from '../names.ts';
import { parseFilter } from './filter.ts';
import { assertDistinct, assertMetadata, assertVector } from './values.ts';

/** Where an index is. */
export interface IndexPlace {
  readonly vectorBucketName: string;
  readonly indexName: string;
}

/** What an index is made with. */
export interface NewIndex extends IndexPlace {
  readonly dataType: string;
  readonly dimension: number;
  readonly distanceMetric: DistanceMetric;
  readonly metadataConfiguration?: { readonly nonFilterableMetadataKeys?: readonly string[] } | undefined;
}

/** One page, and where the next one begins. */
export interface Page<T> {
  readonly found: readonly T[];
  readonly nextToken?: string;
}

/** How vectors are listed. */
export interface ListWish {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
  readonly segmentCount?: number | undefined;
  readonly segmentIndex?: number | undefined;
  readonly returnData?: boolean | undefined;
  readonly returnMetadata?: boolean | undefined;
}

/** What is looked for near a vector. */
export interface NearestWish {
  readonly queryVector: { readonly float32: readonly number[] };
  readonly topK?: number | undefined;
  readonly filter?: unknown;
  readonly returnDistance?: boolean | undefined;
  readonly returnMetadata?: boolean | undefined;
}

/** Vector buckets, their indexes, and vectors. Everything fails with FeatureNotEnabled where the database has no pgvector. */
export interface VectorStore {
  /** @throws InvalidBucketName, ConflictException, S3VectorMaxBucketsExceeded */
  createBucket(scope: Scope, name: string): Promise<void>;
  /** @throws NotFoundException, VectorBucketNotEmpty */
  deleteBucket(scope: Scope, name: string): Promise<void>;
  /** @throws NotFoundException */
  getBucket(scope: Scope, name: string): Promise<VectorBucket>;
  listBuckets(scope: Scope, query: Partial<PageQuery>): Promise<Page<VectorBucket>>;
  /** @throws NotFoundException, ConflictException, S3VectorMaxIndexesExceeded */
  createIndex(scope: Scope, index: NewIndex): Promise<void>;
  /** Deletes an index with all its vectors. @throws NotFoundException */
  deleteIndex(scope: Scope, place: IndexPlace): Promise<void>;
  /** @throws NotFoundException */
  getIndex(scope: Scope, place: IndexPlace): Promise<VectorIndex>;
  listIndexes(scope: Scope, bucket: string, query: Partial<PageQuery>): Promise<Page<VectorIndex>>;
  /** Puts vectors in the place of those with their keys; all or none. @throws NotFoundException, InvalidParameter */
  put(
    scope: Scope,
    place: IndexPlace,
    vectors: readonly {
      readonly key: string;
      readonly data: { readonly float32: readonly number[] };
      readonly metadata?: unknown;
    }[],
  ): Promise<void>;
  /** Those of the keys that are there. @throws NotFoundException */
  get(scope: Scope, place: IndexPlace, keys: readonly string[], parts: VectorParts): Promise<readonly FoundVector[]>;
  /** @throws NotFoundException, InvalidParameter */
  list(scope: Scope, place: IndexPlace, wish: ListWish): Promise<Page<FoundVector>>;
  /** Keys that are not there are none the less deleted. @throws NotFoundException */
  delete(scope: Scope, place: IndexPlace, keys: readonly string[]): Promise<void>;
  /** The nearest vectors, nearest first. @throws NotFoundException, InvalidParameter */
  query(
    scope: Scope,
    place: IndexPlace,
    wish: NearestWish,
  ): Promise<{ readonly found: readonly FoundVector[]; readonly metric: DistanceMetric }>;
}

/** Sizes of pages unless a request says otherwise; those of S3 Vectors. */
const pages = { names: 500, vectors: 500, nearest: 10 };

/**
 * Creates the store. The extension is looked for with the first request, and made where the database lets us.
 *
 * @param own schema of the product's own tables, quoted
 */
export function createVectorStore({ db, settings, log }: StorageContext, own: string): VectorStore {
  let rows: VectorRows | undefined;

  async function findRows(transaction: Transaction): Promise<VectorRows | undefined> {
    const extension = await findVectorExtension(transaction);
    return extension && createVectorRows(own, extension);
  }

  /** Looked for again until it is there: a restart would be too much to ask after `create extension`. */
  async function ready(): Promise<VectorRows> {
    rows ??= await db.transaction(findRows);
    if (rows) return rows;
    const made = await db.transaction(makeVectorExtension).catch((error: unknown) => {
      // Nodes that make it at the same time hinder each other; one of them has.
      if (['23505', '42710'].includes(asDatabaseError(error)?.code ?? '')) return true;
      throw error;
    });
    if (made) rows = await db.transaction(findRows);
    if (rows) return rows;
    log.warn(
      { setting: 'VECTOR_ENABLED' },
      'vector buckets need the extension vector: run "create extension vector" in the database',
    );
    throw storageError('FeatureNotEnabled', {
      message: 'The feature vectorBuckets is not enabled for this resource: the database has no extension "vector"',
    });
  }

  async function indexOf(
    transaction: Transaction,
    place: IndexPlace,
    lock: '' | 'for update' = '',
  ): Promise<VectorIndex> {
    const index = await findVectorIndex(transaction, place.vectorBucketName, place.indexName, lock);
    if (!index) throw notFound(place.indexName);
    return index;
  }

  /** Runs statements on an index that there is. */
  async function within<T>(
    scope: Scope,
    place: IndexPlace,
    work: (transaction: Transaction, index: VectorIndex, rows: VectorRows) => Promise<T>,
  ): Promise<T> {
    const known = await ready();
    try {
      return await owned(db, scope, async (transaction) => work(transaction, await indexOf(transaction, place), known));
    } catch (error) {
      // Deleted meanwhile.
      if (asDatabaseError(error)?.code === '42P01') throw notFound(place.indexName, error);
      throw error;
    }
  }

  return {
    async createBucket(scope, name) {
      assertBucketName(name);
      await ready();
      await unlessTaken('vector bucket', name, () =>
        owned(db, scope, async (transaction) => {
          const count = await countVectorBuckets(transaction);
          if (await findVectorBucket(transaction, name)) throw conflict('vector bucket', name);
          if (count >= settings.vectorMaxBuckets)
            throw storageError('S3VectorMaxBucketsExceeded', {
              message: `Maximum number of buckets exceeded. Max allowed is ${settings.vectorMaxBuckets}. Contact support to increase your limit.`,
            });
          await insertVectorBucket(transaction, name);
        }),
      );
    },
    async deleteBucket(scope, name) {
      await ready();
      await owned(db, scope, async (transaction) => {
        if (!(await findVectorBucket(transaction, name, 'for update'))) throw notFound(name);
        if ((await countVectorIndexes(transaction, name)) > 0)
          throw storageError('VectorBucketNotEmpty', { message: `Vector Bucket "${name}" not empty` });
        await deleteVectorBucket(transaction, name);
      });
    },
    async getBucket(scope, name) {
      await ready();
      const bucket = await owned(db, scope, (transaction) => findVectorBucket(transaction, name));
      if (!bucket) throw notFound(name);
      return bucket;
    },
    async listBuckets(scope, query) {
      await ready();
      const limit = query.limit ?? pages.names;
      const found = await owned(db, scope, (transaction) =>
        listVectorBuckets(transaction, { ...query, limit: limit + 1 }),
      );
      return pageOf(found, limit, ({ name }) => name);
    },
    async createIndex(scope, { vectorBucketName: bucket, indexName: name, dataType, dimension, ...wish }) {
      const known = await ready();
      const index = {
        id: randomUUID().replaceAll('-', ''),
        name,
        bucket,
        dataType,
        dimension,
        metric: wish.distanceMetric,
        configuration: wish.metadataConfiguration ?? null,
      };
      await unlessTaken('vector index', name, () =>
        owned(db, scope, async (transaction) => {
          if (!(await findVectorBucket(transaction, bucket, 'for update'))) throw notFound(bucket);
          if (await findVectorIndex(transaction, bucket, name)) throw conflict('vector index', name);
          if ((await countVectorIndexes(transaction, bucket)) >= settings.vectorMaxIndexes)
            throw storageError('S3VectorMaxIndexesExceeded', {
              message: `Maximum number of indexes exceeded. Max allowed is ${settings.vectorMaxIndexes}. Contact support to increase your limit.`,
            });
          await insertVectorIndex(transaction, index);
          await known.create(transaction, index);
        }),
      );
    },
    async deleteIndex(scope, place) {
      const known = await ready();
      await owned(db, scope, async (transaction) => {
        const { id } = await indexOf(transaction, place, 'for update');
        await deleteVectorIndex(transaction, id);
        await known.drop(transaction, id);
      });
    },
    async getIndex(scope, place) {
      await ready();
      return owned(db, scope, (transaction) => indexOf(transaction, place));
    },
    async listIndexes(scope, bucket, query) {
      await ready();
      const limit = query.limit ?? pages.names;
      const found = await owned(db, scope, (transaction) =>
        listVectorIndexes(transaction, bucket, { ...query, limit: limit + 1 }),
      );
      return pageOf(found, limit, ({ name }) => name);
    },
    put: (scope, place, vectors) =>
      within(scope, place, async (transaction, index, known) => {
        assertDistinct(vectors.map(({ key }) => key));
        const checked = vectors.map(({ key, data, metadata }) => {
          assertVector(data.float32, index);
          return { key, numbers: data.float32, metadata: assertMetadata(metadata, key) };
        });
        await known.put(transaction, index, checked);
      }),
    get: (scope, place, keys, parts) =>
      within(scope, place, (transaction, { id }, known) => known.get(transaction, id, keys, parts)),
    async list(scope, place, { maxResults = pages.vectors, nextToken, ...wish }) {
      const segment = readSegment(wish);
      const parts = { data: wish.returnData, metadata: wish.returnMetadata };
      const found = await within(scope, place, (transaction, { id }, known) =>
        known.list(transaction, id, { after: nextToken, limit: maxResults + 1, segment }, parts),
      );
      return pageOf(found, maxResults, ({ key }) => key);
    },
    delete: (scope, place, keys) =>
      within(scope, place, (transaction, { id }, known) => known.delete(transaction, id, keys)),
    query: (scope, place, wish) =>
      within(scope, place, async (transaction, index, known) => {
        const { float32: numbers } = wish.queryVector;
        assertVector(numbers, index);
        const filter =
          wish.filter === undefined
            ? undefined
            : parseFilter(wish.filter, index.configuration?.nonFilterableMetadataKeys);
        const found = await known.nearest(transaction, index, {
          numbers,
          count: wish.topK ?? pages.nearest,
          filter,
          metadata: wish.returnMetadata,
        });
        return {
          found: wish.returnDistance ? found : found.map(({ distance: _distance, ...vector }) => vector),
          metric: index.metric,
        };
      }),
  };
}

function readSegment({ segmentCount: count, segmentIndex: index }: ListWish) {
  if ((count === undefined) !== (index === undefined))
    throw storageError('InvalidParameter', { message: 'segmentCount and segmentIndex must be provided together' });
  if (count === undefined || index === undefined) return undefined;
  if (index >= count)
    throw storageError('InvalidParameter', { message: 'segmentIndex must be less than segmentCount' });
  return { count, index };
}

function pageOf<T>(found: readonly T[], limit: number, nameOf: (last: T) => string): Page<T> {
  if (found.length <= limit) return { found };
  const page = found.slice(0, limit);
  return { found: page, nextToken: nameOf(page.at(-1) as T) };
}

async function unlessTaken<T>(resource: string, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (asDatabaseError(error)?.code === '23505') throw conflict(resource, name, error);
    throw error;
  }
}

const conflict = (resource: string, name: string, cause?: unknown) =>
  storageError('ConflictException', { message: `${resource} "${name}" already exists`, cause });

const notFound = (name: string, cause?: unknown) =>
  storageError('NotFoundException', { message: `resource "${name}" not found`, cause });
