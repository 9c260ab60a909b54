import { storageError } from '../errors.ts';
import type { BucketRules } from '../sql/reads.ts';
import { enter, rehearse, type Scope } from '../sql/scope.ts';
import type { Upload } from '../sql/uploads.ts';
import type { StorageContext } from './context.ts';
import { admit, assertFits, giveUp, probe, requireBucket, sizeLimit } from './objects/admit.ts';
import { complete } from './objects/complete.ts';
import type { Owner } from './owner.ts';
import type { SessionLocks } from './session-locks.ts';

/** Metadata that a client gives a resumable upload; all texts. */
export type UploadMetadata = Readonly<Record<string, string | null>>;

/** In whose name a request of a resumable upload is made. */
export interface Uploader {
  readonly scope: Scope;
  readonly owner: Owner;
  readonly isUpsert: boolean;
}

/** What an upload says of the object it is going to be. */
export interface Intent {
  readonly bucketId: string;
  readonly name: string;
  readonly contentType: string | undefined;
  readonly cacheControl: string;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
}

/** Reads the metadata of an upload. @throws MissingParameter, EntityTooLarge */
export function readIntent(metadata: UploadMetadata, metadataLimit: number): Intent {
  const { bucketName, objectName, contentType, cacheControl, metadata: user } = metadata;
  if (!bucketName) throw storageError('MissingParameter', { message: 'Missing Required Parameter bucketName' });
  if (!objectName) throw storageError('MissingParameter', { message: 'Missing Required Parameter objectName' });
  if (user && Buffer.byteLength(user) > metadataLimit)
    throw storageError('EntityTooLarge', { message: 'The user_metadata exceeded the maximum allowed size' });
  return {
    bucketId: bucketName,
    name: objectName,
    contentType: contentType || undefined,
    cacheControl: /^\d+$/.test(cacheControl ?? '') ? `max-age=${cacheControl}` : 'no-cache',
    userMetadata: parseObject(user ?? null),
  };
}

function parseObject(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null || text.includes('\\u0000')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Begins an upload. @returns its version, and how many bytes it may have */
export async function beginUpload(
  context: StorageContext,
  { scope, owner, isUpsert }: Uploader,
  metadata: UploadMetadata,
  size: number | undefined,
): Promise<{ readonly version: string; readonly limit: number }> {
  const intent = readIntent(metadata, context.settings.userMetadataLimit);
  const { bucketId, name, contentType, userMetadata } = intent;
  const bucket = await requireBucket(context, scope, bucketId);
  const limit = sizeLimit(context, bucket, name, false);
  assertFits(bucket, limit, { name, mimetype: contentType, contentLength: size });
  const proposal = { bucketId, name, isUpsert, owner, mimetype: contentType, contentLength: size, userMetadata };
  return admit(context, scope, proposal, limit, context.settings.tusExpiry);
}

/** An upload with the rules of its bucket, for a request that goes on with it. */
export interface Continued {
  readonly upload: Upload;
  readonly bucket: BucketRules;
  readonly limit: number;
}

/** Finds an upload, and asks again whether the caller may; it lives on. @throws NoSuchUpload, AccessDenied … */
export async function continueUpload(
  context: StorageContext,
  { scope, owner, isUpsert }: Uploader,
  version: string,
): Promise<Continued> {
  const upload = await findUpload(context, version);
  if (!upload) throw storageError('NoSuchUpload');
  const { bucketId, name } = upload;
  const intent = readIntent(upload.metadata, context.settings.userMetadataLimit);
  const bucket = await requireBucket(context, scope, bucketId);
  if (!upload.isComplete) {
    await rehearse(context.db, scope, async (transaction) => {
      await enter(transaction, scope);
      await probe(transaction, {
        bucketId,
        name,
        isUpsert,
        owner,
        mimetype: intent.contentType,
        contentLength: upload.size,
        userMetadata: intent.userMetadata,
      });
    });
    await context.db.transaction((transaction) =>
      context.versions.extend(transaction, version, context.settings.tusExpiry),
    );
  }
  return { upload, bucket, limit: sizeLimit(context, bucket, name, false) };
}

/** Finds an upload by its version. */
export function findUpload({ db, uploads }: StorageContext, version: string): Promise<Upload | undefined> {
  return db.transaction((transaction) => uploads.find(transaction, version));
}

/**
 * Whether an upload has all its bytes and is no object yet: whoever was to make one of it failed or died. A client that asks
 * how far such an upload is would take the answer for success.
 */
export async function isLeftUnfinished({ store }: StorageContext, upload: Upload): Promise<boolean> {
  if (upload.isComplete || upload.size === undefined) return false;
  return ((await store.grown(upload)) ?? 0) === upload.size;
}

/** Makes an object of an upload that has all its bytes; doing it again, or twice at a time, is no error. */
export async function finishUpload(
  context: StorageContext,
  locks: SessionLocks,
  uploader: Uploader,
  version: string,
): Promise<void> {
  const release = await locks.acquire(`finish ${version}`, context.settings.tusLockTimeout, () => {});
  try {
    await finish(context, uploader, version);
  } finally {
    await release();
  }
}

async function finish(context: StorageContext, { scope, owner, isUpsert }: Uploader, version: string): Promise<void> {
  const upload = await findUpload(context, version);
  if (!upload) throw storageError('NoSuchUpload');
  if (upload.isComplete) return;
  const { bucketId, name, size } = upload;
  if (size === undefined) throw storageError('InvalidRequest', { message: 'The length of the upload is not known' });
  const intent = readIntent(upload.metadata, context.settings.userMetadataLimit);
  const contentType = intent.contentType ?? 'application/octet-stream';
  const admission = { version, bucketId, name };
  // Of nothing no request ever brought a part.
  if (size === 0) await context.store.grow(admission, 0, (async function* () {})());
  const written = await context.store.seal(admission, size, { contentType, cacheControl: intent.cacheControl });
  try {
    await complete(context, scope, {
      admission,
      written,
      isUpsert,
      owner,
      contentType,
      cacheControl: intent.cacheControl,
      userMetadata: intent.userMetadata,
      by: 'Post',
    });
  } catch (error) {
    // Nobody can go on with an upload whose name somebody else has now; another failure may pass.
    if ((error as { code?: unknown }).code === 'KeyAlreadyExists') await endUpload(context, admission);
    throw error;
  }
  await context.store.settle(admission).catch((error: unknown) => {
    context.log.warn({ err: error, version }, 'what an upload grew from is left to `storage gc`');
  });
}

/** Ends an upload without an object. */
export function endUpload(
  context: StorageContext,
  version: { readonly version: string; readonly bucketId: string; readonly name: string },
): Promise<void> {
  return giveUp(context, version);
}
