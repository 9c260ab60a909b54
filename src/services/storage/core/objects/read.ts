import type { CancelSignal } from '#kernel/sql';
import { storageError } from '../../errors.ts';
import type { ObjectRow } from '../../sql/objects.ts';
import { type BucketRules, readVisibleObject } from '../../sql/reads.ts';
import type { Scope } from '../../sql/scope.ts';
import type { OpenContent } from '../content/content-store.ts';
import type { StorageContext } from '../context.ts';
import type { Found } from './lookups.ts';

/** By what right something is read. */
export type ReadRight =
  /** Anybody: the bucket has to be public. */
  | 'public'
  /** The caller: row level security, unless the bucket is public. */
  | 'caller'
  /** Somebody who was not recognised: as the caller, but a private bucket does not exist. */
  | 'stranger'
  /** Whoever holds a signed URL. */
  | 'signed';

/** Who asks. Name and signal are not looked at where everybody is told the same. */
export interface Asker {
  readonly context: StorageContext;
  readonly scope: Scope;
  readonly signal?: CancelSignal;
}

/** Finds an object for somebody. @throws NoSuchBucket, NoSuchKey; what may not be seen does not exist */
export async function findReadable(
  asker: Asker,
  bucketId: string,
  name: string,
  right: ReadRight,
): Promise<{ readonly bucket: BucketRules; readonly object: ObjectRow }> {
  // PostgreSQL has no such text; nothing can be called that.
  if (name.includes('\0') || bucketId.includes('\0')) throw storageError('NoSuchKey');
  const { context } = asker;
  const { bucket, object, isVisible }: Found & { readonly isVisible?: boolean } =
    right === 'caller'
      ? await readVisibleObject(context.db, asker.scope, bucketId, name, asker.signal)
      : await context.lookups.find(bucketId, name);
  if (!bucket) throw storageError('NoSuchBucket');
  if (!bucket.public && (right === 'public' || right === 'stranger')) throw storageError('NoSuchBucket');
  if (!object || (right === 'caller' && !bucket.public && !isVisible)) throw storageError('NoSuchKey');
  return { bucket, object };
}

/**
 * Opens an object's content. One that was replaced and removed since its row was read is looked for once more.
 *
 * @throws NoSuchContent when the row has no content
 */
export async function openObject(
  context: StorageContext,
  object: ObjectRow,
  again: () => Promise<ObjectRow>,
): Promise<{ readonly object: ObjectRow; readonly content: OpenContent }> {
  const open = (row: ObjectRow) =>
    context.store.open({ bucketId: row.bucket_id, name: row.name, version: row.version });
  const content = await open(object);
  if (content) return { object, content };
  const current = await again();
  const second = current.version === object.version ? undefined : await open(current);
  if (second) return { object: current, content: second };
  context.log.error({ bucket: object.bucket_id, version: object.version }, 'an object has no content');
  throw storageError('NoSuchContent', { headers: { 'cache-control': 'no-store' } });
}
