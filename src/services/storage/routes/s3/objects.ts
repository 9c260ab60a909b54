import { requireBucket } from '../../core/objects/admit.ts';
import { copyObject } from '../../core/objects/copy.ts';
import { findReadable } from '../../core/objects/read.ts';
import { removeObjects } from '../../core/objects/remove.ts';
import { upload } from '../../core/objects/upload.ts';
import { ownerOfScope } from '../../core/owner.ts';
import { storageError } from '../../errors.ts';
import type { ObjectRow } from '../../sql/objects.ts';
import { lastModified, pagePolicy } from '../content-headers.ts';
import { serve } from '../download.ts';
import { type Exchange, headerOf } from '../exchange.ts';
import { checkedBody } from './body.ts';
import type { S3Call, S3Operation } from './operation.ts';
import { xml } from './respond.ts';

/** Headers `x-amz-meta-*` as user metadata. @throws EntityTooLarge */
export function userMetadata({ request, context }: Exchange): Readonly<Record<string, string>> | null {
  const found = Object.entries(request.headers).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') && typeof value === 'string' ? [[name.slice('x-amz-meta-'.length), value]] : [],
  );
  if (found.length === 0) return null;
  const metadata = Object.fromEntries(found) as Record<string, string>;
  if (Buffer.byteLength(JSON.stringify(metadata)) > context.settings.userMetadataLimit)
    throw storageError('EntityTooLarge', { message: 'The user_metadata exceeded the maximum allowed size' });
  return metadata;
}

/** Where a copy comes from. @throws InvalidRequest */
export function copySource({ request }: Exchange): { readonly bucketId: string; readonly name: string } {
  const refuse = () => storageError('InvalidRequest', { message: 'Invalid value of x-amz-copy-source' });
  let text = (headerOf(request, 'x-amz-copy-source') ?? '').replace(/\?versionId=[^?]*$/, '').replace(/^\//, '');
  try {
    text = decodeURIComponent(text);
  } catch {
    throw refuse();
  }
  const at = text.indexOf('/');
  if (at < 1 || at === text.length - 1) throw refuse();
  return { bucketId: text.slice(0, at), name: text.slice(at + 1) };
}

/** The conditions of a copy. @throws PreconditionFailed */
export function assertCopyConditions({ request }: Exchange, source: ObjectRow): void {
  const condition = (name: string) => headerOf(request, `x-amz-copy-source-if-${name}`);
  const etag = source.metadata?.eTag ?? '';
  const changed = Math.floor(lastModified(source).getTime() / 1_000) * 1_000;
  const fails =
    (condition('match') !== undefined && !sameTag(condition('match'), etag)) ||
    (condition('none-match') !== undefined && sameTag(condition('none-match'), etag)) ||
    (condition('modified-since') !== undefined && changed <= Date.parse(condition('modified-since') as string)) ||
    (condition('unmodified-since') !== undefined && changed > Date.parse(condition('unmodified-since') as string));
  if (fails) throw storageError('PreconditionFailed');
}

const sameTag = (given: string | undefined, etag: string): boolean =>
  given === '*' || given?.replace(/"/g, '') === etag.replace(/"/g, '');

const overrides = [
  'content-disposition',
  'content-type',
  'cache-control',
  'content-encoding',
  'content-language',
  'expires',
];

/** User metadata as headers: plain texts; how many others there are is told. */
function metadataHeaders({ user_metadata: metadata }: ObjectRow): Record<string, string> {
  const headers: Record<string, string> = {};
  let missing = 0;
  for (const [name, value] of Object.entries(metadata ?? {}))
    if (typeof value === 'string' && /^[\x20-\x7e]*$/.test(value) && /^[\w.-]+$/.test(name))
      headers[`x-amz-meta-${name.toLowerCase()}`] = value;
    else missing++;
  return missing > 0 ? { ...headers, 'x-amz-missing-meta': String(missing) } : headers;
}

async function get({ exchange, scope, bucket, key, query }: S3Call) {
  const { context, signal } = exchange;
  const find = async () => (await findReadable({ context, scope, signal }, bucket, key, 'caller')).object;
  const object = await find();
  const { request } = exchange;
  const match = headerOf(request, 'if-match');
  if (match !== undefined && !sameTag(match, object.metadata?.eTag ?? '')) throw storageError('PreconditionFailed');
  const answer = await serve(exchange, object, find);
  const replaced = overrides.flatMap((name) => {
    const value = query.get(`response-${name}`);
    return value === null || /[^\x20-\x7e]/.test(value) ? [] : [[name, value]];
  });
  const headers = { ...answer.headers, ...metadataHeaders(object), ...Object.fromEntries(replaced) };
  return { ...answer, headers: { ...headers, ...pagePolicy(String(headers['content-type'])) } };
}

/** What objects can do, beside uploads in parts. */
export const objectOperations: readonly S3Operation[] = [
  {
    method: 'GET',
    on: 'object',
    query: ['tagging'],
    name: 'storage.s3.object.get_tagging',
    run: async ({ exchange, scope, bucket, key }) => {
      await findReadable({ context: exchange.context, scope }, bucket, key, 'caller');
      return xml('Tagging', { TagSet: {} });
    },
  },
  { method: 'GET', on: 'object', name: 'storage.s3.object.get', run: get },
  { method: 'HEAD', on: 'object', name: 'storage.s3.object.info', run: get },
  {
    method: 'DELETE',
    on: 'object',
    name: 'storage.s3.object.delete',
    run: async ({ exchange, scope, bucket, key }) => {
      await requireBucket(exchange.context, scope, bucket);
      const { denied } = await removeObjects(exchange.context, scope, bucket, [key]);
      if (denied.length > 0) throw storageError('AccessDenied', { message: 'Access Denied' });
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    on: 'object',
    header: 'x-amz-copy-source',
    name: 'storage.s3.object.copy',
    run: async ({ exchange, scope, bucket, key }) => {
      const replaces = headerOf(exchange.request, 'x-amz-metadata-directive')?.toUpperCase() === 'REPLACE';
      const row = await copyObject(
        exchange.context,
        scope,
        { ...copySource(exchange), toBucketId: bucket, toName: key },
        {
          isUpsert: true,
          copyMetadata: !replaces,
          contentType: headerOf(exchange.request, 'content-type') ?? 'application/octet-stream',
          cacheControl: headerOf(exchange.request, 'cache-control') ?? 'no-cache',
          userMetadata: userMetadata(exchange),
          precondition: (source) => assertCopyConditions(exchange, source),
        },
      );
      return xml('CopyObjectResult', { ETag: row.metadata?.eTag, LastModified: lastModified(row).toISOString() });
    },
  },
  {
    method: 'PUT',
    on: 'object',
    name: 'storage.s3.upload',
    run: async ({ exchange, caller, scope, bucket, key }) => {
      const { request, context } = exchange;
      const found = await requireBucket(context, scope, bucket);
      const { source, length } = checkedBody(exchange, caller);
      const row = await upload(context, scope, {
        bucket: found,
        // How clients of this protocol make folders that hold nothing.
        name: key.endsWith('/') && length === 0 ? `${key}.emptyFolderPlaceholder` : key,
        isUpsert: headerOf(request, 'if-none-match') !== '*',
        owner: ownerOfScope(scope),
        contentType: headerOf(request, 'content-type') ?? 'application/octet-stream',
        cacheControl: headerOf(request, 'cache-control') ?? 'no-cache',
        userMetadata: userMetadata(exchange),
        contentLength: length,
        by: 'Put',
        source,
      });
      return { headers: { etag: row.metadata?.eTag ?? '' } };
    },
  },
];
