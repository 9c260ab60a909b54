import { asDatabaseError, type Transaction } from '#kernel/sql';
import { storageError } from '../../errors.ts';
import { findObject, insertNewObject, type ObjectMetadata, type ObjectRow, upsertObject } from '../../sql/objects.ts';
import { asService, enter, leave, type Scope } from '../../sql/scope.ts';
import type { Written } from '../content/content-store.ts';
import type { StorageContext, StorageEvent } from '../context.ts';
import type { Owner } from '../owner.ts';
import type { Admission } from './admit.ts';

/** What becomes an object once its content is safe. */
export interface Completion {
  readonly admission: Pick<Admission, 'version' | 'bucketId' | 'name'>;
  readonly written: Written;
  readonly isUpsert: boolean;
  readonly owner: Owner;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly robotsTag?: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
  /** For the event: Put, Post, Copy … */
  readonly by: string;
  /** Done in the same transaction, as the owner of the product's tables. */
  readonly also?: ((transaction: Transaction) => Promise<void>) | undefined;
}

/** Milliseconds to wait for others who change the same object. */
const lockTimeout = 5_000;

/**
 * Makes an object of a content, with the server's rights: all of it or nothing. The version it replaces stays on disk for
 * the retention time.
 *
 * @throws KeyAlreadyExists when somebody else was faster and this is no upsert
 */
export async function complete(context: StorageContext, scope: Scope, completion: Completion): Promise<ObjectRow> {
  const { admission, written, isUpsert, owner, by } = completion;
  const { bucketId, name, version } = admission;
  const wanted = {
    bucketId,
    name,
    ...owner,
    version,
    metadata: describe(context, completion),
    userMetadata: completion.userMetadata,
  };
  const event: StorageEvent = {
    type: 'ObjectCreated',
    by,
    bucketId,
    name,
    version,
    size: written.size,
    mimetype: completion.contentType,
    metadata: wanted.metadata,
  };
  const row = await context.db.transaction(async (transaction) => {
    await enter(transaction, asService(scope));
    await lockName(transaction, bucketId, name);
    const current = await findObject(transaction, bucketId, name, 'for update');
    if (current && !isUpsert) throw storageError('KeyAlreadyExists');
    const made = await (isUpsert ? upsertObject : insertNewObject)(transaction, wanted);
    if (!made) throw storageError('KeyAlreadyExists');
    await leave(transaction);
    if (!(await context.versions.keep(transaction, version, written))) throw storageError('NoSuchUpload');
    if (current?.version)
      await context.versions.retire(
        transaction,
        [{ version: current.version, bucketId, name }],
        context.settings.retention,
      );
    await completion.also?.(transaction);
    await context.record(transaction, [event]);
    return made;
  });
  context.publish(event);
  return row;
}

/** Everybody who gives this name to an object waits here for their turn. @throws LockTimeout */
export async function lockName(transaction: Transaction, bucketId: string, name: string): Promise<void> {
  try {
    await transaction.query(
      `select set_config('lock_timeout', $1, true), pg_advisory_xact_lock(hashtextextended($2, 0))`,
      [String(lockTimeout), `${bucketId}/${name}`],
    );
  } catch (error) {
    if (asDatabaseError(error)?.code === '55P03') throw storageError('LockTimeout', { cause: error });
    throw error;
  }
}

function describe({ clock }: StorageContext, completion: Completion): ObjectMetadata {
  const { written, contentType, cacheControl, robotsTag } = completion;
  return {
    eTag: `"${written.etag}"`,
    size: written.size,
    mimetype: contentType,
    cacheControl,
    lastModified: new Date(clock.now()).toISOString(),
    contentLength: written.size,
    httpStatusCode: 200,
    ...(robotsTag !== undefined && { xRobotsTag: robotsTag }),
  };
}
