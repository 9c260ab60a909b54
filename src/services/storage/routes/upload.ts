import { assertFits, probe, requireBucket } from '../core/objects/admit.ts';
import { upload } from '../core/objects/upload.ts';
import { ownerOf, ownerOfScope } from '../core/owner.ts';
import { asService, rehearse } from '../sql/scope.ts';
import { placeOf, requireToken } from './download.ts';
import { type Answer, type Exchange, headerOf } from './exchange.ts';
import type { Route } from './route.ts';
import { readUpload } from './upload-body.ts';

/** Whether the client wants to overwrite; any other text than `true` is a no. */
export const wantsUpsert = ({ request }: Exchange): boolean => headerOf(request, 'x-upsert') === 'true';

async function store(exchange: Exchange, isUpsert: boolean): Promise<Answer> {
  const { context, scope } = exchange;
  const { bucketId, name } = placeOf(exchange);
  const bucket = await requireBucket(context, scope, bucketId);
  const body = await readUpload(exchange);
  const row = await upload(context, scope, {
    ...body,
    bucket,
    name,
    isUpsert,
    owner: ownerOfScope(scope),
    by: exchange.request.method === 'PUT' ? 'Put' : 'Post',
  });
  return { json: { Id: row.id, Key: `${bucketId}/${name}` } };
}

/** Uploads in one request. */
export const uploadRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/object/upload/sign/:bucket/*',
    access: 'token',
    operation: 'storage.object.sign_upload_url',
    handle: async (exchange) => {
      const { context, scope } = exchange;
      const { bucketId, name } = placeOf(exchange);
      const isUpsert = wantsUpsert(exchange);
      const owner = ownerOfScope(scope);
      const bucket = await requireBucket(context, scope, bucketId);
      assertFits(bucket, Number.POSITIVE_INFINITY, { name, mimetype: undefined, contentLength: undefined });
      context.store.assertStorable({ bucketId, name });
      await rehearse(context.db, scope, (transaction) =>
        probe(transaction, {
          bucketId,
          name,
          isUpsert,
          owner,
          mimetype: undefined,
          contentLength: undefined,
          userMetadata: null,
        }),
      );
      const url = `${bucketId}/${name}`;
      const token = context.urlTokens.sign(
        'upload',
        { url, upsert: isUpsert, ...(owner.ownerId !== null && { owner: owner.ownerId }) },
        context.settings.signedUploadExpiry,
      );
      return { json: { url: `/object/upload/sign/${url}?token=${token}`, token } };
    },
  },
  {
    method: 'PUT',
    path: '/object/upload/sign/:bucket/*',
    access: 'open',
    operation: 'storage.object.upload_signed',
    handle: async (exchange) => {
      const { context } = exchange;
      const { bucketId, name } = placeOf(exchange);
      const token = await context.urlTokens.verify('upload', requireToken(exchange), `${bucketId}/${name}`);
      const scope = asService(exchange.scope);
      const bucket = await requireBucket(context, scope, bucketId);
      const body = await readUpload(exchange);
      await upload(context, scope, {
        ...body,
        bucket,
        name,
        isUpsert: token.upsert ?? false,
        owner: ownerOf(token.owner),
        by: 'Put',
      });
      return { json: { Key: `${bucketId}/${name}` } };
    },
  },
];

/** The same at the shortest paths, which stand behind all others. */
export const plainUploadRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/object/:bucket/*',
    access: 'token',
    operation: 'storage.object.upload',
    handle: (exchange) => store(exchange, wantsUpsert(exchange)),
  },
  {
    method: 'PUT',
    path: '/object/:bucket/*',
    access: 'token',
    operation: 'storage.object.upload_update',
    handle: (exchange) => store(exchange, true),
  },
];
