import { decodeCursor } from '../core/list-cursor.ts';
import { copyObject, move } from '../core/objects/copy.ts';
import { listPageText } from '../core/objects/list.ts';
import { removeObject, removeObjects } from '../core/objects/remove.ts';
import { searchObjects } from '../sql/listing.ts';
import { placeOf } from './download.ts';
import { headerOf } from './exchange.ts';
import type { Route } from './route.ts';
import { wantsUpsert } from './upload.ts';
import { parseUserMetadata } from './upload-body.ts';
import { type ObjectShape, readJson } from './validate.ts';

const text = { type: 'string' } as const;

const routeShape: ObjectShape = {
  type: 'object',
  required: ['sourceKey', 'bucketId', 'destinationKey'],
  properties: {
    bucketId: text,
    sourceKey: text,
    destinationBucket: text,
    destinationKey: text,
    copyMetadata: { type: 'boolean' },
    metadata: { type: 'object', properties: { cacheControl: text, mimetype: text } },
  },
};

interface RouteBody {
  readonly bucketId: string;
  readonly sourceKey: string;
  readonly destinationBucket?: string;
  readonly destinationKey: string;
  readonly copyMetadata?: boolean;
  readonly metadata?: { readonly cacheControl?: string; readonly mimetype?: string };
}

const routeOf = (body: RouteBody) => ({
  bucketId: body.bucketId,
  name: body.sourceKey,
  toBucketId: body.destinationBucket ?? body.bucketId,
  toName: body.destinationKey,
});

/** Deleting, moving, copying. */
export const objectRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/object/move',
    access: 'token',
    operation: 'storage.object.move',
    handle: async (exchange) => {
      const body = await readJson<RouteBody>(exchange, routeShape);
      const row = await move(exchange.context, exchange.scope, routeOf(body));
      return { json: { message: 'Successfully moved', Id: row.id, Key: `${row.bucket_id}/${row.name}` } };
    },
  },
  {
    method: 'POST',
    path: '/object/copy',
    access: 'token',
    operation: 'storage.object.copy',
    handle: async (exchange) => {
      const { context, scope, request } = exchange;
      const body = await readJson<RouteBody>(exchange, routeShape);
      const encoded = headerOf(request, 'x-metadata');
      const row = await copyObject(context, scope, routeOf(body), {
        isUpsert: wantsUpsert(exchange),
        copyMetadata: body.copyMetadata ?? true,
        contentType: body.metadata?.mimetype,
        cacheControl: body.metadata?.cacheControl,
        userMetadata:
          encoded === undefined
            ? null
            : parseUserMetadata(Buffer.from(encoded, 'base64').toString(), context.settings.userMetadataLimit),
      });
      return { json: { Id: row.id, Key: `${row.bucket_id}/${row.name}`, ...row } };
    },
  },
  {
    method: 'DELETE',
    path: '/object/:bucket',
    access: 'token',
    operation: 'storage.object.delete_many',
    handle: async (exchange) => {
      const { prefixes } = await readJson<{ prefixes: string[] }>(exchange, {
        type: 'object',
        required: ['prefixes'],
        properties: {
          prefixes: { type: 'array', items: text, minItems: 1, maxItems: exchange.context.settings.manyNames },
        },
      });
      const { deleted } = await removeObjects(
        exchange.context,
        exchange.scope,
        exchange.params.bucket as string,
        prefixes,
      );
      return { json: deleted };
    },
  },
  {
    method: 'DELETE',
    path: '/object/:bucket/*',
    access: 'token',
    operation: 'storage.object.delete',
    handle: async (exchange) => {
      const { bucketId, name } = placeOf(exchange);
      await removeObject(exchange.context, exchange.scope, bucketId, name);
      return { json: { message: 'Successfully deleted' } };
    },
  },
];

const searchShape: ObjectShape = {
  type: 'object',
  required: ['prefix'],
  properties: {
    prefix: text,
    limit: { type: 'integer', minimum: 1 },
    offset: { type: 'integer', minimum: 0 },
    search: text,
    sortBy: {
      type: 'object',
      required: ['column'],
      properties: {
        column: { type: 'string', enum: ['name', 'updated_at', 'created_at', 'last_accessed_at'] },
        order: { type: 'string', enum: ['asc', 'desc'] },
      },
    },
  },
};

interface SearchBody {
  readonly prefix: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly search?: string;
  readonly sortBy?: { readonly column: string; readonly order?: string };
}

const listShape: ObjectShape = {
  type: 'object',
  properties: {
    prefix: text,
    limit: { type: 'integer', minimum: 1 },
    cursor: text,
    with_delimiter: { type: 'boolean' },
    sortBy: {
      type: 'object',
      required: ['column'],
      properties: {
        column: { type: 'string', enum: ['name', 'updated_at', 'created_at'] },
        order: { type: 'string', enum: ['asc', 'desc'] },
      },
    },
  },
};

interface ListBody {
  readonly prefix?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly with_delimiter?: boolean;
  readonly sortBy?: { readonly column: 'name' | 'updated_at' | 'created_at'; readonly order?: 'asc' | 'desc' };
}

/** Entries of a page at most, as the database's own function has it. */
const searchPage = 1_500;
const listPageSize = 1_000;

/** Listing folders. */
export const listRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/object/list/:bucket',
    access: 'token',
    operation: 'storage.object.list',
    handle: async (exchange) => {
      const body = await readJson<SearchBody>(exchange, searchShape);
      const bucketId = exchange.params.bucket as string;
      const folder = body.prefix === '' || body.prefix.endsWith('/') ? body.prefix : `${body.prefix}/`;
      if (`${bucketId}${folder}${body.search ?? ''}`.includes('\0')) return { json: [] };
      const { context, scope, signal } = exchange;
      const wanted = {
        prefix: folder,
        search: body.search ?? '',
        limit: Math.min(body.limit ?? 100, searchPage),
        offset: body.offset ?? 0,
        column: body.sortBy?.column ?? 'name',
        order: body.sortBy?.order ?? 'asc',
      };
      return { headers: jsonType, bytes: await searchObjects(context.db, scope, bucketId, wanted, signal) };
    },
  },
  {
    method: 'POST',
    path: '/object/list-v2/:bucket',
    access: 'token',
    operation: 'storage.object.list_v2',
    handle: async (exchange) => {
      const body = await readJson<ListBody>(exchange, listShape);
      const from = body.cursor === undefined || body.cursor === '' ? undefined : decodeCursor(body.cursor);
      const { context, scope, signal } = exchange;
      const wanted = {
        bucketId: exchange.params.bucket as string,
        prefix: body.prefix ?? '',
        delimiter: body.with_delimiter ? '/' : '',
        limit: Math.min(body.limit ?? listPageSize, listPageSize),
        order: from?.order ?? body.sortBy?.order ?? 'asc',
        column: from?.column ?? body.sortBy?.column ?? 'name',
        from,
      } as const;
      return { headers: jsonType, text: await listPageText(context, scope, wanted, signal) };
    },
  },
];

const jsonType = { 'content-type': 'application/json; charset=utf-8' };
