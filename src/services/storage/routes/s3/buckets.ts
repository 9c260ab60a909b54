import { createBucket, getBucket, removeBucket } from '../../core/buckets.ts';
import { decodeCursor } from '../../core/list-cursor.ts';
import { listPage } from '../../core/objects/list.ts';
import { removeObjects } from '../../core/objects/remove.ts';
import { storageError } from '../../errors.ts';
import { listBuckets } from '../../sql/buckets.ts';
import type { ListEntry } from '../../sql/listing.ts';
import { scoped } from '../../sql/scope.ts';
import { childText, parseXml } from '../../wire/s3/xml.ts';
import { headerOf } from '../exchange.ts';
import { readChecked } from './body.ts';
import type { S3Call, S3Operation } from './operation.ts';
import { xml } from './respond.ts';

/** Id of the one version an object has in a bucket that keeps no others. */
const onlyVersion = 'null';
/** Names in one request to delete at most. */
const manyNames = 1_000;
const pageSize = 1_000;

/** A whole number of the query. @throws InvalidRequest */
export function numberOf(query: URLSearchParams, name: string, fallback: number, most: number): number {
  const text = query.get(name);
  if (text === null || text === '') return fallback;
  if (!/^\d{1,9}$/.test(text)) throw storageError('InvalidRequest', { message: `Invalid value of ${name}` });
  return Math.min(Number(text), most);
}

/** Names as the client wants them: escaped where it asks for that. */
export const encoder = (query: URLSearchParams) => (text: string) =>
  query.get('encoding-type') === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;

const contents = (encode: (text: string) => string) => (entry: ListEntry) => ({
  Key: encode(entry.name),
  LastModified: (entry.updated_at ?? new Date(0)).toISOString(),
  ETag: entry.metadata?.eTag,
  Size: entry.metadata?.size ?? 0,
  StorageClass: 'STANDARD',
});

/** What a listing names the key after which it goes on. */
type Marker = 'start-after' | 'marker' | 'key-marker';

async function list(call: S3Call, marker: Marker) {
  const { exchange, scope, bucket, query } = call;
  await getBucket(exchange.context, { ...scope, role: 'service_role' }, bucket);
  const encode = encoder(query);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const limit = numberOf(query, 'max-keys', pageSize, pageSize);
  const token = marker === 'start-after' ? query.get('continuation-token') : null;
  const after = query.get(marker) ?? '';
  const from = token ? decodeCursor(token) : after === '' ? undefined : { last: after };
  const { entries, next } = await listPage(exchange.context, scope, {
    bucketId: bucket,
    prefix,
    delimiter,
    limit,
    order: 'asc',
    column: 'name',
    from,
  });
  const shared = {
    Name: bucket,
    Prefix: encode(prefix),
    MaxKeys: limit,
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: next !== undefined,
  };
  const objects = entries.filter(({ id }) => id !== null).map(contents(encode));
  const prefixes = {
    CommonPrefixes: entries.filter(({ id }) => id === null).map(({ name }) => ({ Prefix: encode(name) })),
  };
  if (marker === 'key-marker')
    return xml('ListVersionsResult', {
      ...shared,
      KeyMarker: encode(after),
      NextKeyMarker: next && encode(next.key),
      NextVersionIdMarker: next && onlyVersion,
      Version: objects.map((object) => ({ ...object, VersionId: onlyVersion, IsLatest: true })),
      ...prefixes,
    });
  const found = { Contents: objects, ...prefixes };
  return marker === 'start-after'
    ? xml('ListBucketResult', {
        ...shared,
        KeyCount: entries.length,
        StartAfter: after === '' ? undefined : encode(after),
        ContinuationToken: token ?? undefined,
        NextContinuationToken: next?.cursor,
        ...found,
      })
    : xml('ListBucketResult', {
        ...shared,
        Marker: encode(after),
        NextMarker: next && encode(next.key),
        ...found,
      });
}

/** What the service and buckets can do. */
export const bucketOperations: readonly S3Operation[] = [
  {
    method: 'GET',
    on: 'service',
    name: 'storage.s3.bucket.list',
    run: async ({ exchange, scope }) => {
      const buckets = await scoped(exchange.context.db, scope, (transaction) =>
        listBuckets(transaction, { sortColumn: 'name', sortOrder: 'asc' }),
      );
      return xml('ListAllMyBucketsResult', {
        Owner: { ID: exchange.context.settings.tenantId, DisplayName: exchange.context.settings.tenantId },
        Buckets: {
          Bucket: buckets.map(({ name, created_at: at }) => ({ Name: name, CreationDate: at.toISOString() })),
        },
      });
    },
  },
  {
    method: 'PUT',
    on: 'bucket',
    name: 'storage.s3.bucket.create',
    run: async ({ exchange, scope, bucket }) => {
      const acl = headerOf(exchange.request, 'x-amz-acl');
      await createBucket(exchange.context, scope, { id: bucket, name: bucket, public: acl === 'public-read' });
      return { headers: { location: `/${bucket}` } };
    },
  },
  {
    method: 'DELETE',
    on: 'bucket',
    name: 'storage.s3.bucket.delete',
    run: async ({ exchange, scope, bucket }) => {
      await removeBucket(exchange.context, scope, bucket);
      return { status: 204 };
    },
  },
  {
    method: 'HEAD',
    on: 'bucket',
    name: 'storage.s3.bucket.head',
    run: async ({ exchange, scope, bucket }) => {
      await getBucket(exchange.context, scope, bucket);
      return { headers: { 'x-amz-bucket-region': exchange.context.settings.region } };
    },
  },
  {
    method: 'GET',
    on: 'bucket',
    query: ['location'],
    name: 'storage.s3.bucket.get_location',
    run: async ({ exchange, scope, bucket }) => {
      await getBucket(exchange.context, scope, bucket);
      return xml('LocationConstraint', { LocationConstraint: exchange.context.settings.region });
    },
  },
  {
    method: 'GET',
    on: 'bucket',
    query: ['versioning'],
    name: 'storage.s3.bucket.get_versioning',
    run: async ({ exchange, scope, bucket }) => {
      await getBucket(exchange.context, scope, bucket);
      return xml('VersioningConfiguration', { Status: 'Suspended', MfaDelete: 'Disabled' });
    },
  },
  {
    method: 'POST',
    on: 'bucket',
    query: ['delete'],
    name: 'storage.s3.object.delete_many',
    run: async (call) => {
      const { exchange, caller, scope, bucket } = call;
      const document = parseXml((await readChecked(exchange, caller)).toString('utf8'));
      const names = document.children.flatMap((child) =>
        child.name === 'Object' ? [childText(child, 'Key') ?? ''] : [],
      );
      if (document.name !== 'Delete' || names.length === 0 || names.length > manyNames || names.includes(''))
        throw storageError('MalformedXML');
      await getBucket(exchange.context, { ...scope, role: 'service_role' }, bucket);
      const { denied } = await removeObjects(exchange.context, scope, bucket, names);
      const refused = new Set(denied);
      const isQuiet = childText(document, 'Quiet') === 'true';
      return xml('DeleteResult', {
        Deleted: isQuiet ? [] : names.filter((name) => !refused.has(name)).map((Key) => ({ Key })),
        Error: denied.map((Key) => ({ Key, Code: 'AccessDenied', Message: 'Access Denied' })),
      });
    },
  },
  {
    method: 'GET',
    on: 'bucket',
    query: ['list-type'],
    name: 'storage.s3.object.list',
    run: (call) => list(call, 'start-after'),
  },
  {
    method: 'GET',
    on: 'bucket',
    query: ['versions'],
    name: 'storage.s3.object.list',
    run: (call) => list(call, 'key-marker'),
  },
];

/** Listing as it was first; it stands behind all others. */
export const firstList: S3Operation = {
  method: 'GET',
  on: 'bucket',
  name: 'storage.s3.object.list',
  run: (call) => list(call, 'marker'),
};
