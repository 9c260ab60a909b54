import { asDatabaseError } from '#kernel/sql';
import { storageError } from '../errors.ts';
import { type Bucket, countObjects, deleteBucket, findBucket, insertBucket, updateBucket } from '../sql/buckets.ts';
import { deleteObjects, someNames } from '../sql/objects.ts';
import { asService, enter, leave, rehearse, type Scope, scoped } from '../sql/scope.ts';
import type { BucketEvent, StorageContext } from './context.ts';
import { parseFileSize } from './file-size.ts';
import { isMimeRule } from './mime-rule.ts';
import { assertBucketName } from './names.ts';
import { removalOf, versionOf } from './objects/remove.ts';
import { ownerOfScope } from './owner.ts';

/** What a client says of a bucket; absent is unchanged, null is none. */
export interface BucketWish {
  readonly public?: boolean | undefined;
  readonly file_size_limit?: number | string | null | undefined;
  readonly allowed_mime_types?: readonly string[] | null | undefined;
}

/** @throws EntityTooLarge, InvalidFileSize, InvalidMimeType */
function readWish(context: StorageContext, wish: BucketWish) {
  const { file_size_limit: size, allowed_mime_types: types } = wish;
  const fileSizeLimit = size === undefined || size === null ? size : parseFileSize(size);
  if (typeof fileSizeLimit === 'number' && fileSizeLimit > context.settings.fileSizeLimit)
    throw storageError('EntityTooLarge');
  for (const type of types ?? [])
    if (!isMimeRule(type)) throw storageError('InvalidMimeType', { message: `mime type ${type} is not supported` });
  return { public: wish.public, fileSizeLimit, allowedMimeTypes: types };
}

/** @throws InvalidBucketName, BucketAlreadyExists, AccessDenied */
export async function createBucket(
  context: StorageContext,
  scope: Scope,
  wish: BucketWish & { readonly id: string; readonly name: string },
): Promise<void> {
  assertBucketName(wish.id);
  assertBucketName(wish.name);
  const read = readWish(context, wish);
  const event: BucketEvent = { type: 'BucketCreated', bucketId: wish.id };
  try {
    await scoped(context.db, scope, async (transaction) => {
      await insertBucket(transaction, {
        id: wish.id,
        name: wish.name,
        ...ownerOfScope(scope),
        public: read.public ?? false,
        fileSizeLimit: read.fileSizeLimit ?? null,
        allowedMimeTypes: read.allowedMimeTypes ?? null,
      });
      await leave(transaction);
      await context.record(transaction, [event]);
    });
  } catch (error) {
    if (asDatabaseError(error)?.code === '23505') throw storageError('BucketAlreadyExists', { cause: error });
    throw error;
  }
  context.publish(event);
}

/** A bucket that the caller may see. @throws NoSuchBucket */
export async function getBucket(context: StorageContext, scope: Scope, id: string): Promise<Bucket> {
  const bucket = await scoped(context.db, scope, (transaction) => findBucket(transaction, id));
  if (!bucket) throw storageError('NoSuchBucket');
  return bucket;
}

/** @throws NoSuchBucket */
export async function changeBucket(context: StorageContext, scope: Scope, id: string, wish: BucketWish): Promise<void> {
  const read = readWish(context, wish);
  const changed = await scoped(context.db, scope, (transaction) => updateBucket(transaction, id, read));
  if (!changed) throw storageError('NoSuchBucket');
}

/** Deletes a bucket that holds nothing. @throws NoSuchBucket, BucketNotEmpty */
export async function removeBucket(context: StorageContext, scope: Scope, id: string): Promise<void> {
  const event: BucketEvent = { type: 'BucketDeleted', bucketId: id };
  await context.db.transaction(async (transaction) => {
    await enter(transaction, asService(scope));
    if (!(await findBucket(transaction, id, 'for update'))) throw storageError('NoSuchBucket');
    if ((await countObjects(transaction, id, 1)) > 0) throw storageError('BucketNotEmpty');
    await enter(transaction, scope);
    try {
      if (!(await deleteBucket(transaction, id))) throw storageError('NoSuchBucket');
    } catch (error) {
      // Uploads in parts that are under way hold it, too.
      if (asDatabaseError(error)?.code === '23503') throw storageError('BucketNotEmpty', { cause: error });
      throw error;
    }
    await leave(transaction);
    await context.record(transaction, [event]);
  });
  context.publish(event);
}

/** Objects deleted in one transaction. */
const batch = 1_000;

/**
 * Deletes all objects that are there now. The caller has to be allowed to delete every one of them.
 *
 * @throws NoSuchBucket, UnableToEmptyBucket, AccessDenied
 */
export async function emptyBucket(context: StorageContext, scope: Scope, id: string): Promise<void> {
  const { settings, db, versions } = context;
  const until = new Date(context.clock.now());
  await getBucket(context, scope, id);
  const count = await scoped(db, asService(scope), (transaction) =>
    countObjects(transaction, id, settings.emptyBucketMax + 1),
  );
  if (count > settings.emptyBucketMax) throw storageError('UnableToEmptyBucket');
  if (count > 0 && scope.role !== 'service_role') await assertMayDelete(context, scope, id, until);
  for (;;) {
    const deleted = await db.transaction(async (transaction) => {
      await enter(transaction, asService(scope));
      const names = await someNames(transaction, id, until, batch);
      await enter(transaction, scope);
      const rows = await deleteObjects(transaction, id, names);
      await leave(transaction);
      await versions.retire(transaction, rows.flatMap(versionOf), settings.retention);
      await context.record(transaction, rows.map(removalOf));
      return rows;
    });
    for (const row of deleted) context.publish(removalOf(row));
    if (deleted.length < batch) return;
  }
}

/** Tries it and takes it back. */
async function assertMayDelete(context: StorageContext, scope: Scope, id: string, until: Date): Promise<void> {
  const denied = await rehearse(context.db, asService(scope), async (transaction) => {
    const names = await someNames(transaction, id, until, batch);
    await enter(transaction, scope);
    return names.length - (await deleteObjects(transaction, id, names)).length;
  });
  if (denied > 0) throw storageError('AccessDenied', { message: 'Access denied' });
}
