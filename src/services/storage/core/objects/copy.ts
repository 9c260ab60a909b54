import { randomUUID } from 'node:crypto';
import { storageError } from '../../errors.ts';
import { findObject, moveObject, type ObjectRow } from '../../sql/objects.ts';
import { asService, enter, leave, rehearse, type Scope, scoped } from '../../sql/scope.ts';
import type { StorageContext, StorageEvent } from '../context.ts';
import { assertObjectName } from '../names.ts';
import { ownerOfScope } from '../owner.ts';
import { admit, assertFits, giveUp, requireBucket, sizeLimit } from './admit.ts';
import { complete, lockName } from './complete.ts';
import { versionOf } from './remove.ts';

/** From where to where. */
export interface Route {
  readonly bucketId: string;
  readonly name: string;
  readonly toBucketId: string;
  readonly toName: string;
}

/** How a copy differs from its original. */
export interface CopyOptions {
  readonly isUpsert: boolean;
  /** False: type, cache rules and user metadata are those given here. */
  readonly copyMetadata: boolean;
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly userMetadata?: Readonly<Record<string, unknown>> | null | undefined;
  /** Asked with the original's row, before anything is done. */
  readonly precondition?: (source: ObjectRow) => void;
}

/** Copies an object that the caller may see to where they may write. @throws NoSuchKey, AccessDenied … */
export async function copyObject(
  context: StorageContext,
  scope: Scope,
  route: Route,
  options: CopyOptions,
): Promise<ObjectRow> {
  assertObjectName(route.toName);
  const source = await scoped(context.db, scope, (transaction) => findObject(transaction, route.bucketId, route.name));
  if (!source) throw storageError('NoSuchKey');
  options.precondition?.(source);
  const bucket = await requireBucket(context, scope, route.toBucketId);
  const { copyMetadata } = options;
  const metadata = source.metadata ?? {};
  const contentType =
    (copyMetadata ? undefined : options.contentType) ?? metadata.mimetype ?? 'application/octet-stream';
  const cacheControl = (copyMetadata ? undefined : options.cacheControl) ?? metadata.cacheControl ?? 'no-cache';
  const userMetadata = copyMetadata ? source.user_metadata : (options.userMetadata ?? null);
  const limit = sizeLimit(context, bucket, route.toName, false);
  const contentLength = metadata.size;
  assertFits(bucket, limit, { name: route.toName, mimetype: contentType, contentLength });
  const owner = ownerOfScope(scope);
  const place = { bucketId: route.toBucketId, name: route.toName };
  const admission = await admit(
    context,
    scope,
    { ...place, isUpsert: options.isUpsert, owner, mimetype: contentType, contentLength, userMetadata },
    limit,
  );
  try {
    await context.store.copy(refOf(source), admission, { contentType, cacheControl });
    const sha256 = source.version === null ? null : await digestOf(context, source.version);
    return await complete(context, scope, {
      admission,
      written: { size: contentLength ?? 0, etag: bare(metadata.eTag), sha256 },
      isUpsert: options.isUpsert,
      owner,
      contentType,
      cacheControl,
      robotsTag: metadata.xRobotsTag,
      userMetadata,
      by: 'Copy',
    });
  } catch (error) {
    await giveUp(context, admission);
    throw error;
  }
}

/**
 * Moves an object: its row keeps its id and gets the caller as owner. The content under the old name stays for the retention
 * time.
 *
 * @throws NoSuchKey, KeyAlreadyExists, AccessDenied
 */
export async function move(context: StorageContext, scope: Scope, route: Route): Promise<ObjectRow> {
  assertObjectName(route.toName);
  const { bucketId, name, toBucketId, toName } = route;
  if (bucketId === toBucketId && name === toName) {
    const same = await scoped(context.db, scope, (transaction) => findObject(transaction, bucketId, name));
    if (!same) throw storageError('NoSuchKey');
    return same;
  }
  const owner = ownerOfScope(scope);
  const version = randomUUID();
  const target = { bucketId: toBucketId, name: toName, version, ...owner };
  const source = await rehearse(context.db, scope, async (transaction) => {
    const found = await findObject(transaction, bucketId, name);
    if (!found) throw storageError('NoSuchKey');
    if (!(await moveObject(transaction, found.id, target))) throw storageError('AccessDenied');
    return found;
  });
  const bucket = await requireBucket(context, scope, toBucketId);
  if (toBucketId !== bucketId)
    assertFits(bucket, sizeLimit(context, bucket, toName, false), {
      name: toName,
      mimetype: source.metadata?.mimetype,
      contentLength: source.metadata?.size,
    });
  await context.db.transaction(async (transaction) => {
    await transaction.query('set local synchronous_commit = off');
    await context.versions.announce(
      transaction,
      { version, bucketId: toBucketId, name: toName },
      context.settings.abandonedAfter,
    );
  });
  const admission = { version, bucketId: toBucketId, name: toName };
  const event: StorageEvent = {
    type: 'ObjectMoved',
    by: 'Move',
    ...admission,
    metadata: source.metadata,
    from: { bucketId, name, version: source.version },
  };
  try {
    const { mimetype = 'application/octet-stream', cacheControl = 'no-cache' } = source.metadata ?? {};
    await context.store.copy(refOf(source), admission, { contentType: mimetype, cacheControl });
    await context.db.transaction(async (transaction) => {
      await enter(transaction, asService(scope));
      await lockName(transaction, toBucketId, toName);
      const current = await findObject(transaction, bucketId, name, 'for update');
      // Somebody replaced, moved or deleted it meanwhile.
      if (!current || current.id !== source.id || current.version !== source.version) throw storageError('NoSuchKey');
      await moveObject(transaction, current.id, target);
      await leave(transaction);
      const facts = source.version === null ? undefined : await context.versions.facts(transaction, source.version);
      const kept = await context.versions.keep(transaction, version, {
        size: source.metadata?.size ?? 0,
        sha256: facts?.sha256 ?? null,
      });
      if (!kept) throw storageError('NoSuchUpload');
      await context.versions.retire(transaction, versionOf(current), context.settings.retention);
      await context.record(transaction, [event]);
    });
  } catch (error) {
    await giveUp(context, admission);
    throw error;
  }
  context.publish(event);
  return { ...source, bucket_id: toBucketId, name: toName, version };
}

const refOf = (row: ObjectRow) => ({ bucketId: row.bucket_id, name: row.name, version: row.version });

const bare = (etag: string | undefined): string => (etag ?? '').replace(/^"|"$/g, '');

async function digestOf(context: StorageContext, version: string): Promise<string | null> {
  const facts = await context.db.transaction((transaction) => context.versions.facts(transaction, version));
  return facts?.sha256 ?? null;
}
