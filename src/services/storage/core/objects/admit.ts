import { randomUUID } from 'node:crypto';
import type { Transaction } from '#kernel/sql';
import { storageError } from '../../errors.ts';
import { insertObject, type NewObject, upsertObject } from '../../sql/objects.ts';
import { type BucketRules, readBucketRules } from '../../sql/reads.ts';
import { enter, leave, type Scope } from '../../sql/scope.ts';
import type { StorageContext } from '../context.ts';
import { assertMimeType } from '../mime-rule.ts';
import { assertObjectName, isPlaceholder } from '../names.ts';
import type { Owner } from '../owner.ts';

/** What somebody wants to store. */
export interface Proposal {
  readonly bucketId: string;
  readonly name: string;
  readonly isUpsert: boolean;
  readonly owner: Owner;
  readonly mimetype: string | undefined;
  /** As far as it is known beforehand. */
  readonly contentLength: number | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
}

/** Leave to store something under a version of its own. */
export interface Admission {
  readonly version: string;
  readonly bucketId: string;
  readonly name: string;
  readonly limit: number;
}

/** Finds a bucket with the server's rights. @throws NoSuchBucket */
export async function requireBucket(context: StorageContext, scope: Scope, bucketId: string): Promise<BucketRules> {
  const bucket = await readBucketRules(context.db, scope, bucketId);
  if (!bucket) throw storageError('NoSuchBucket');
  return bucket;
}

/** Bytes an object of this bucket may have. @param standard true for uploads that cannot be resumed */
export function sizeLimit({ settings }: StorageContext, bucket: BucketRules, name: string, standard: boolean): number {
  if (isPlaceholder(name)) return 0;
  const limits = [settings.fileSizeLimit, bucket.file_size_limit ?? Number.POSITIVE_INFINITY];
  if (standard && settings.fileSizeLimitStandard > 0) limits.push(settings.fileSizeLimitStandard);
  return Math.min(...limits);
}

/** Holds what is known beforehand against the bucket's rules. @throws InvalidKey, InvalidMimeType, EntityTooLarge */
export function assertFits(
  bucket: BucketRules,
  limit: number,
  { name, mimetype, contentLength }: Pick<Proposal, 'name' | 'mimetype' | 'contentLength'>,
): void {
  if (mimetype !== undefined && !isPlaceholder(name)) assertMimeType(mimetype, bucket.allowed_mime_types);
  assertObjectName(name);
  if (contentLength !== undefined && contentLength > limit) throw storageError('EntityTooLarge');
}

/**
 * Lets something in: what the caller wants is done for real in their name and taken back, so that policies and unique names
 * decide before a byte is read; then the version is announced.
 *
 * @param lifetime milliseconds the announced content has until it is an object
 * @throws AccessDenied, KeyAlreadyExists …
 */
export async function admit(
  context: StorageContext,
  scope: Scope,
  proposal: Proposal,
  limit: number,
  lifetime: number = context.settings.abandonedAfter,
): Promise<Admission> {
  context.store.assertStorable(proposal);
  const version = randomUUID();
  await context.db.transaction(async (transaction) => {
    await enter(transaction, scope);
    await probe(transaction, proposal);
    await leave(transaction);
    // Lost in a crash of the server it is as if the upload had been given up.
    await transaction.query('set local synchronous_commit = off');
    await context.versions.announce(transaction, { version, ...placeOf(proposal) }, lifetime);
  });
  return { version, ...placeOf(proposal), limit };
}

/** Asks policies and unique names, and keeps nothing. */
export async function probe(transaction: Transaction, proposal: Proposal): Promise<void> {
  const { mimetype, contentLength } = proposal;
  const wanted: NewObject = {
    bucketId: proposal.bucketId,
    name: proposal.name,
    ...proposal.owner,
    version: '1',
    metadata: {
      ...(mimetype !== undefined && { mimetype }),
      ...(contentLength !== undefined && { contentLength, size: contentLength }),
    },
    userMetadata: proposal.userMetadata,
  };
  await transaction.query('savepoint probe');
  await (proposal.isUpsert ? upsertObject : insertObject)(transaction, wanted);
  await transaction.query('rollback to savepoint probe');
}

/**
 * Takes an announced content back, unless an object lives from it. Never throws: what is left over, the janitor finds. No
 * connection of the database waits for the backend.
 */
export async function giveUp(
  { db, store, versions, log }: StorageContext,
  content: Pick<Admission, 'version' | 'bucketId' | 'name'>,
): Promise<void> {
  const { version } = content;
  try {
    if (!(await db.transaction((transaction) => versions.abandon(transaction, version)))) return;
    await store.remove([content]);
    await db.transaction((transaction) => versions.forget(transaction, [version]));
  } catch (error) {
    log.debug({ err: error, version }, 'an upload that failed leaves content to the janitor');
  }
}

const placeOf = ({ bucketId, name }: Proposal) => ({ bucketId, name });
