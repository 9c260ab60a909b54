import { storageError } from '../../errors.ts';
import { deleteObjects, lockObjects, type ObjectRow } from '../../sql/objects.ts';
import { asService, enter, leave, type Scope } from '../../sql/scope.ts';
import type { StorageContext, StorageEvent } from '../context.ts';

/**
 * Deletes objects in the caller's name; their content stays for the retention time. Names that are not there, and those the
 * caller may not delete, are passed over.
 *
 * @returns the rows that were deleted, and which of the others were there
 */
export async function removeObjects(
  context: StorageContext,
  scope: Scope,
  bucketId: string,
  names: readonly string[],
): Promise<{ readonly deleted: readonly ObjectRow[]; readonly denied: readonly string[] }> {
  const askable = names.filter((name) => !name.includes('\0'));
  const { deleted, present } = await context.db.transaction(async (transaction) => {
    await enter(transaction, asService(scope));
    const locked = await lockObjects(transaction, bucketId, askable);
    await enter(transaction, scope);
    const rows = await deleteObjects(transaction, bucketId, [...locked]);
    await leave(transaction);
    await context.versions.retire(transaction, rows.flatMap(versionOf), context.settings.retention);
    await context.record(transaction, rows.map(removalOf));
    return { deleted: rows, present: locked };
  });
  for (const row of deleted) context.publish(removalOf(row));
  const gone = new Set(deleted.map(({ name }) => name));
  return { deleted, denied: [...present].filter((name) => !gone.has(name)) };
}

/** Deletes one object. @throws NoSuchKey, AccessDenied */
export async function removeObject(
  context: StorageContext,
  scope: Scope,
  bucketId: string,
  name: string,
): Promise<void> {
  const { deleted, denied } = await removeObjects(context, scope, bucketId, [name]);
  if (deleted.length > 0) return;
  throw denied.length > 0 ? storageError('AccessDenied', { message: 'Access denied' }) : storageError('NoSuchKey');
}

/** The event of a row that was deleted. */
export const removalOf = ({ bucket_id: bucketId, name, version, metadata }: ObjectRow): StorageEvent => ({
  type: 'ObjectRemoved',
  by: 'Delete',
  bucketId,
  name,
  version,
  metadata,
  ...(metadata?.size !== undefined && { size: metadata.size }),
});

/** The content of a row, where it has one under a version. */
export const versionOf = ({ version, bucket_id: bucketId, name }: ObjectRow) =>
  version === null ? [] : [{ version, bucketId, name }];
