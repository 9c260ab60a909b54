import type { ObjectRow } from '../../sql/objects.ts';
import type { BucketRules } from '../../sql/reads.ts';
import type { Scope } from '../../sql/scope.ts';
import type { StorageContext } from '../context.ts';
import type { Owner } from '../owner.ts';
import { admit, assertFits, giveUp, sizeLimit } from './admit.ts';
import { complete } from './complete.ts';

/** An upload in one request. */
export interface UploadRequest {
  readonly bucket: BucketRules;
  readonly name: string;
  readonly isUpsert: boolean;
  readonly owner: Owner;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly robotsTag?: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
  readonly contentLength: number | undefined;
  readonly by: 'Put' | 'Post';
  readonly source: AsyncIterable<Buffer>;
}

/** Stores an object: may they, the bytes, the row. Nothing is left of an upload that fails. */
export async function upload(context: StorageContext, scope: Scope, request: UploadRequest): Promise<ObjectRow> {
  const { bucket, name, contentType, cacheControl, contentLength, isUpsert, owner, userMetadata } = request;
  const limit = sizeLimit(context, bucket, name, true);
  assertFits(bucket, limit, { name, mimetype: contentType, contentLength });
  const admission = await admit(
    context,
    scope,
    { bucketId: bucket.id, name, isUpsert, owner, mimetype: contentType, contentLength, userMetadata },
    limit,
  );
  try {
    const written = await context.store.write(admission, request.source, { limit, contentType, cacheControl });
    return await complete(context, scope, { ...request, admission, written });
  } catch (error) {
    await giveUp(context, admission);
    throw error;
  }
}
