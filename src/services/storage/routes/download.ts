import type { Writable } from 'node:stream';
import { findReadable, openObject, type ReadRight } from '../core/objects/read.ts';
import { storageError } from '../errors.ts';
import type { ObjectRow } from '../sql/objects.ts';
import { parseRange } from './byte-range.ts';
import { contentHeaders, isUnchanged, rangeCounts } from './content-headers.ts';
import { type Answer, type Exchange, headerOf } from './exchange.ts';
import type { Route } from './route.ts';

/** Serves an object's content. `again` reads its row anew. */
export async function serve(
  exchange: Exchange,
  found: ObjectRow,
  again: () => Promise<ObjectRow>,
  expires?: number,
): Promise<Answer> {
  const { context, request, query } = exchange;
  const { headers, method = 'GET' } = request;
  const head = (object: ObjectRow) =>
    contentHeaders({
      object,
      method,
      headers,
      download: query.get('download'),
      expires,
      etagHeaders: context.settings.etagHeaders,
      sMaxAge: context.settings.responseSMaxAge,
    });
  if (isUnchanged(found, headers)) return { status: 304, headers: head(found) };
  if (method === 'HEAD') return { headers: { ...head(found), 'content-length': found.metadata?.size ?? 0 } };
  const { object, content } = await openObject(context, found, again);
  const { size } = content;
  const asked = rangeCounts(object, headers['if-range']) ? parseRange(headerOf(request, 'range'), size) : undefined;
  if (asked === 'unsatisfiable') {
    await content.close();
    throw storageError('InvalidRange', { headers: { 'content-range': `bytes */${size}` } });
  }
  const length = asked ? asked.end - asked.start + 1 : size;
  const { sendTo } = content;
  const body = sendTo ? undefined : await content.read(asked);
  return {
    status: asked ? 206 : 200,
    headers: {
      ...head(object),
      'content-length': length,
      ...(asked && { 'content-range': `bytes ${asked.start}-${asked.end}/${size}` }),
    },
    ...(sendTo && { send: (destination: Writable) => sendTo(destination, asked) }),
    ...(Buffer.isBuffer(body) ? { bytes: body } : body && { stream: body }),
  };
}

/** The bucket and name of a path. */
export function placeOf({ params }: Exchange): { readonly bucketId: string; readonly name: string } {
  return { bucketId: params.bucket as string, name: params.name as string };
}

async function download(exchange: Exchange, right: ReadRight): Promise<Answer> {
  const { bucketId, name } = placeOf(exchange);
  const find = async () => (await findReadable(exchange, bucketId, name, right)).object;
  return serve(exchange, await find(), find);
}

const rightOf = ({ isKnown }: Exchange): ReadRight => (isKnown ? 'caller' : 'stranger');

/** Reading objects, by whatever right. HEAD is answered from the row. */
export const downloadRoutes: readonly Route[] = (['GET', 'HEAD'] as const).flatMap((method): Route[] => [
  {
    method,
    path: '/object/public/:bucket/*',
    access: 'open',
    operation: 'storage.object.get_public',
    handle: (exchange) => download(exchange, 'public'),
  },
  {
    method,
    path: '/object/authenticated/:bucket/*',
    access: 'token',
    operation: method === 'HEAD' ? 'object.head_authenticated_info' : 'storage.object.get_authenticated',
    handle: (exchange) => download(exchange, 'caller'),
  },
  {
    method,
    path: '/object/sign/:bucket/*',
    access: 'open',
    operation: 'storage.object.get_signed',
    handle: async (exchange) => {
      const { bucketId, name } = placeOf(exchange);
      const { expires } = await exchange.context.urlTokens.verify(
        'download',
        requireToken(exchange),
        `${bucketId}/${name}`,
      );
      const find = async () => (await findReadable(exchange, bucketId, name, 'signed')).object;
      return serve(exchange, await find(), find, expires);
    },
  },
]);

/** The same at the shortest path, which stands behind all others. */
export const plainDownloadRoutes: readonly Route[] = (['GET', 'HEAD'] as const).map((method) => ({
  method,
  path: '/object/:bucket/*',
  access: 'optional',
  operation: method === 'HEAD' ? 'object.head_authenticated_info' : 'storage.object.get_authenticated',
  handle: (exchange) => download(exchange, rightOf(exchange)),
}));

/** The token of a signed URL. @throws ValidationFailed */
export function requireToken({ query }: Exchange): string {
  const token = query.get('token');
  if (token === null)
    throw storageError('ValidationFailed', { message: "querystring must have required property 'token'" });
  return token;
}

const info = async (exchange: Exchange, right: ReadRight): Promise<Answer> => {
  const { bucketId, name } = placeOf(exchange);
  const { object } = await findReadable(exchange, bucketId, name, right);
  const { metadata } = object;
  return {
    json: {
      id: object.id,
      name: object.name,
      version: object.version,
      bucket_id: object.bucket_id,
      size: metadata?.size ?? null,
      content_type: metadata?.mimetype ?? null,
      cache_control: metadata?.cacheControl ?? null,
      etag: metadata?.eTag ?? null,
      metadata: object.user_metadata,
      last_modified: metadata?.lastModified ?? object.updated_at,
      created_at: object.created_at,
    },
  };
};

/** What is known of an object. */
export const infoRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/object/info/public/:bucket/*',
    access: 'open',
    operation: 'storage.object.info_public',
    handle: (exchange) => info(exchange, 'public'),
  },
  {
    method: 'GET',
    path: '/object/info/authenticated/:bucket/*',
    access: 'token',
    operation: 'object.get_authenticated_info',
    handle: (exchange) => info(exchange, 'caller'),
  },
  {
    method: 'GET',
    path: '/object/info/:bucket/*',
    access: 'optional',
    operation: 'object.get_authenticated_info',
    handle: (exchange) => info(exchange, rightOf(exchange)),
  },
];
