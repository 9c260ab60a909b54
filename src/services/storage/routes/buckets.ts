import { type BucketWish, changeBucket, createBucket, emptyBucket, getBucket, removeBucket } from '../core/buckets.ts';
import { storageError } from '../errors.ts';
import { type BucketQuery, listBuckets } from '../sql/buckets.ts';
import { scoped } from '../sql/scope.ts';
import { type Exchange, headerOf } from './exchange.ts';
import type { Route } from './route.ts';
import { type ObjectShape, readJson, readQuery } from './validate.ts';

const wishes = {
  public: { type: 'boolean' },
  file_size_limit: { type: 'any' },
  allowed_mime_types: { type: 'array', items: { type: 'string' }, nullable: true },
} as const;

const creation: ObjectShape = {
  type: 'object',
  required: ['name'],
  properties: {
    ...wishes,
    name: { type: 'string' },
    id: { type: 'string' },
    type: { type: 'string', enum: ['STANDARD', 'ANALYTICS'] },
  },
};

const change: ObjectShape = { type: 'object', properties: wishes };

const listing: ObjectShape = {
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1 },
    offset: { type: 'integer', minimum: 0 },
    sortColumn: { type: 'string', enum: ['id', 'name', 'created_at', 'updated_at'] },
    sortOrder: { type: 'string', enum: ['asc', 'desc'] },
    search: { type: 'string' },
  },
};

const bucketOf = ({ params }: Exchange): string => params.bucket as string;

/** Buckets. */
export const bucketRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/bucket',
    access: 'token',
    operation: 'storage.bucket.create',
    handle: async (exchange) => {
      const wish = await readJson<BucketWish & { name: string; id?: string; type?: string }>(exchange, creation);
      if (wish.type === 'ANALYTICS')
        throw storageError('FeatureNotEnabled', { message: 'The feature iceberg is not enabled for this resource' });
      await createBucket(exchange.context, exchange.scope, { ...wish, id: wish.id ?? wish.name });
      return { json: { name: wish.name } };
    },
  },
  {
    method: 'GET',
    path: '/bucket',
    access: 'token',
    operation: 'storage.bucket.list',
    handle: async (exchange) => {
      const query = readQuery<Partial<BucketQuery>>(exchange, listing);
      const found = await scoped(exchange.context.db, exchange.scope, (transaction) =>
        listBuckets(transaction, { sortColumn: 'name', sortOrder: 'asc', ...query }),
      );
      const withoutType = isOldPython(exchange);
      return { json: found.map(({ type, ...bucket }) => (withoutType ? bucket : { ...bucket, type })) };
    },
  },
  {
    method: 'GET',
    path: '/bucket/:bucket',
    access: 'token',
    operation: 'storage.bucket.get',
    handle: async (exchange) => {
      const { type: _type, ...bucket } = await getBucket(exchange.context, exchange.scope, bucketOf(exchange));
      return { json: bucket };
    },
  },
  {
    method: 'PUT',
    path: '/bucket/:bucket',
    access: 'token',
    operation: 'storage.bucket.update',
    handle: async (exchange) => {
      const wish = await readJson<BucketWish>(exchange, change);
      if (Object.keys(wishes).every((name) => !(name in wish)))
        throw storageError('ValidationFailed', { message: 'body must NOT have fewer than 1 properties' });
      await changeBucket(exchange.context, exchange.scope, bucketOf(exchange), wish);
      return { json: { message: 'Successfully updated' } };
    },
  },
  {
    method: 'DELETE',
    path: '/bucket/:bucket',
    access: 'token',
    operation: 'storage.bucket.delete',
    handle: async (exchange) => {
      await removeBucket(exchange.context, exchange.scope, bucketOf(exchange));
      return { json: { message: 'Successfully deleted' } };
    },
  },
  {
    method: 'POST',
    path: '/bucket/:bucket/empty',
    access: 'token',
    operation: 'storage.bucket.empty',
    handle: async (exchange) => {
      await emptyBucket(exchange.context, exchange.scope, bucketOf(exchange));
      return { json: { message: 'Empty bucket has been queued. Completion may take up to an hour.' } };
    },
  },
];

/** Older Python clients refuse answers with a field they do not know. */
function isOldPython({ request }: Exchange): boolean {
  const agents = `${headerOf(request, 'x-client-info') ?? ''} ${headerOf(request, 'user-agent') ?? ''}`;
  const py = /supabase-py\/v?(\d+)\.(\d+)\.(\d+)/.exec(agents);
  if (py) return isBefore(py, [2, 18, 0]);
  const storage3 = /storage3\/v?(\d+)\.(\d+)\.(\d+)/.exec(agents);
  return storage3 !== null && isBefore(storage3, [0, 12, 1]);
}

function isBefore(match: RegExpExecArray, [major, minor, patch]: readonly [number, number, number]): boolean {
  const [a, b, c] = match.slice(1).map(Number) as [number, number, number];
  return a !== major ? a < major : b !== minor ? b < minor : c < patch;
}
