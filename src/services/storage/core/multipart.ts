import { createHash, randomUUID } from 'node:crypto';
import type { Transaction } from '#kernel/sql';
import { storageError } from '../errors.ts';
import {
  deleteMultipart,
  findMultipart,
  insertMultipart,
  insertPart,
  listParts,
  type MultipartUpload,
  type Part,
} from '../sql/multipart.ts';
import type { ObjectRow } from '../sql/objects.ts';
import { asService, enter, leave, rehearse, type Scope, scoped } from '../sql/scope.ts';
import type { StorageContext } from './context.ts';
import { admit, assertFits, giveUp, probe, requireBucket, sizeLimit } from './objects/admit.ts';
import { complete } from './objects/complete.ts';
import { ownerOf, ownerOfScope } from './owner.ts';

/** Parts live this many times as long as an upload that nobody touches: the upload's end takes them along. */
const partLifetimes = 30;
const uuid = /^[0-9a-f-]{36}$/;

/** What an upload in parts is begun with. */
export interface MultipartWish {
  readonly bucketId: string;
  readonly key: string;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly userMetadata: Readonly<Record<string, unknown>> | null;
}

/** Begins an upload in parts. @returns its id */
export async function createMultipart(context: StorageContext, scope: Scope, wish: MultipartWish): Promise<string> {
  const { bucketId, key, contentType, userMetadata } = wish;
  const bucket = await requireBucket(context, scope, bucketId);
  const limit = sizeLimit(context, bucket, key, false);
  assertFits(bucket, limit, { name: key, mimetype: contentType, contentLength: undefined });
  const owner = ownerOfScope(scope);
  const { version } = await admit(
    context,
    scope,
    { bucketId, name: key, isUpsert: true, owner, mimetype: contentType, contentLength: undefined, userMetadata },
    limit,
  );
  const id = randomUUID();
  await scoped(context.db, asService(scope), (transaction) =>
    insertMultipart(transaction, {
      id,
      bucketId,
      key,
      version,
      ownerId: owner.ownerId,
      userMetadata,
      metadata: { contentType, cacheControl: wish.cacheControl },
    }),
  );
  return id;
}

/** Finds an upload for somebody who may go on with it. @throws NoSuchUpload, AccessDenied */
export async function requireMultipart(
  context: StorageContext,
  scope: Scope,
  id: string,
  bucketId: string,
  key: string,
): Promise<MultipartUpload> {
  if (!uuid.test(id)) throw storageError('NoSuchUpload');
  const upload = await scoped(context.db, asService(scope), (transaction) =>
    findMultipart(transaction, id, bucketId, key),
  );
  if (!upload) throw storageError('NoSuchUpload');
  const owner = ownerOfScope(scope);
  await rehearse(context.db, scope, (transaction) =>
    probe(transaction, {
      bucketId,
      name: key,
      isUpsert: true,
      owner,
      mimetype: upload.metadata?.contentType,
      contentLength: undefined,
      userMetadata: upload.userMetadata,
    }),
  );
  return upload;
}

/** Stores a part. @returns its ETag without quotes */
export async function uploadPart(
  context: StorageContext,
  scope: Scope,
  upload: MultipartUpload,
  partNumber: number,
  source: AsyncIterable<Buffer>,
): Promise<Part> {
  const { bucketId, key } = upload;
  const { settings, versions, db, store } = context;
  const bucket = await requireBucket(context, scope, bucketId);
  const limit = sizeLimit(context, bucket, key, false);
  const part = { version: randomUUID(), bucketId, name: key };
  await db.transaction(async (transaction) => {
    await transaction.query('set local synchronous_commit = off');
    if (!(await versions.extend(transaction, upload.version, settings.abandonedAfter)))
      throw storageError('NoSuchUpload');
    await versions.announce(transaction, part, settings.abandonedAfter * partLifetimes);
  });
  try {
    const written = await store.write(part, source, {
      limit,
      contentType: 'application/octet-stream',
      cacheControl: 'no-cache',
    });
    const row = { partNumber, size: written.size, etag: written.etag, version: part.version };
    await scoped(db, asService(scope), (transaction) => insertPart(transaction, upload, row));
    return { ...row, createdAt: new Date(context.clock.now()) };
  } catch (error) {
    await giveUp(context, part);
    throw error;
  }
}

/** What the client believes its parts to be; an empty list stands for all that were stored. */
export type PartList = readonly { readonly partNumber: number; readonly etag: string }[];

/** Makes an object of parts. @throws InvalidPart, EntityTooLarge, NoSuchUpload */
export async function completeMultipart(
  context: StorageContext,
  scope: Scope,
  upload: MultipartUpload,
  wanted: PartList,
): Promise<ObjectRow> {
  const { bucketId, key, version } = upload;
  const all = await scoped(context.db, asService(scope), (transaction) => listParts(transaction, upload.id));
  const latest = new Map(all.filter((part) => part.latest).map((part) => [part.partNumber, part]));
  const parts = wanted.length === 0 ? [...latest.values()] : wanted.map((part) => pick(latest, part));
  if (parts.length === 0) throw storageError('InvalidPart');
  const bucket = await requireBucket(context, scope, bucketId);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (size > sizeLimit(context, bucket, key, false)) throw storageError('EntityTooLarge');
  const contentType = upload.metadata?.contentType ?? 'application/octet-stream';
  const cacheControl = upload.metadata?.cacheControl ?? 'no-cache';
  const written = await context.store.assemble(
    { bucketId, name: key, version },
    parts.map((part) => ({ bucketId, name: key, version: part.version })),
    { contentType, cacheControl },
  );
  return complete(context, scope, {
    admission: { version, bucketId, name: key },
    written: { ...written, etag: etagOf(parts) },
    isUpsert: true,
    owner: ownerOf(upload.ownerId),
    contentType,
    cacheControl,
    userMetadata: upload.userMetadata,
    by: 'CompleteMultipartUpload',
    also: (transaction) => end(context, transaction, upload, all),
  });
}

/** Gives an upload up with all its parts. */
export async function abortMultipart(context: StorageContext, scope: Scope, upload: MultipartUpload): Promise<void> {
  const { versions } = context;
  await scoped(context.db, asService(scope), async (transaction) => {
    const parts = await listParts(transaction, upload.id);
    await leave(transaction);
    await end(context, transaction, upload, parts);
    await versions.abandon(transaction, upload.version);
  });
}

/** Forgets the upload; its parts' contents are due at once. Runs as the owner of the tables. */
async function end(
  { versions }: StorageContext,
  transaction: Transaction,
  upload: MultipartUpload,
  parts: readonly Part[],
): Promise<void> {
  if (!(await deleteMultipart(transaction, upload.id))) throw storageError('NoSuchUpload');
  const gone = parts.map(({ version }) => ({ version, bucketId: upload.bucketId, name: upload.key }));
  await versions.retire(transaction, gone, 0);
}

function pick<P extends Part>(latest: ReadonlyMap<number, P>, { partNumber, etag }: PartList[number]): P {
  const part = latest.get(partNumber);
  if (!part || part.etag !== etag) throw storageError('InvalidPart');
  return part;
}

/** The ETag of an object that was stored in parts: the MD5 of theirs, and how many there were. */
function etagOf(parts: readonly Part[]): string {
  const digest = createHash('md5');
  for (const { etag } of parts) digest.update(Buffer.from(etag, 'hex'));
  return `${digest.digest('hex')}-${parts.length}`;
}

/** Parts for a listing. */
export async function partsOf(
  context: StorageContext,
  scope: Scope,
  upload: MultipartUpload,
): Promise<readonly Part[]> {
  return context.db.transaction(async (transaction) => {
    await enter(transaction, asService(scope));
    return (await listParts(transaction, upload.id)).filter((part) => part.latest);
  });
}
