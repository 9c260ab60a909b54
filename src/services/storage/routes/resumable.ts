import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from '@tus/server';
import { requestContext } from '#kernel/http';
import type { StorageContext } from '../core/context.ts';
import { ownerOf, ownerOfScope } from '../core/owner.ts';
import {
  beginUpload,
  continueUpload,
  findUpload,
  finishUpload,
  isLeftUnfinished,
  readIntent,
  type Uploader,
} from '../core/resumable.ts';
import type { SessionLocks } from '../core/session-locks.ts';
import { asStorageError, storageError } from '../errors.ts';
import { asService } from '../sql/scope.ts';
import { createTusStore, type TusLibrary } from '../wire/tus/tus-store.ts';
import { decodeUploadId, encodeUploadId } from '../wire/tus/upload-id.ts';
import { type Answer, type Exchange, headerOf, publicBase } from './exchange.ts';
import type { ErrorAnswer, Route } from './route.ts';
import { endOfUnread } from './run.ts';
import { wantsUpsert } from './upload.ts';

/** One request of the protocol. */
interface Call {
  readonly exchange: Exchange;
  readonly isSigned: boolean;
  uploader: Uploader | undefined;
  limit: number;
}

/** Whether a body comes with a request is bounded apart from everything else. */
const receiving = new Set(['POST', 'PATCH']);

/** Resumable uploads (tus 1.0.0). The library is loaded at the first request. */
export function createResumable(
  context: StorageContext,
  locks: SessionLocks,
): (exchange: Exchange, isSigned: boolean) => Promise<Answer> {
  const calls = new WeakMap<IncomingMessage, Call>();
  let loading: Promise<Server> | undefined;
  let underWay = 0;

  const callOf = (request: unknown): Call => {
    const node = (request as { runtime?: { node?: { req?: IncomingMessage } } }).runtime?.node?.req;
    const call = node && calls.get(node);
    if (!call) throw storageError('InternalError');
    return call;
  };

  async function load(): Promise<Server> {
    const library: TusLibrary = await import('@tus/server');
    return new library.Server({
      path: '/upload/resumable',
      datastore: createTusStore(library, context),
      locker: { newLock: (id) => lockOf(locks, context, id) },
      disableTerminationForFinishedUploads: true,
      allowedHeaders: ['Authorization', 'X-Upsert', 'Upload-Expires', 'ApiKey', 'x-signature'],
      maxSize: (request) => {
        const { limit } = callOf(request);
        return Number.isFinite(limit) ? limit : 0;
      },
      namingFunction: async (request, metadata = {}) => {
        const call = callOf(request);
        call.uploader = await uploaderOf(call, metadata);
        const size = request.headers.get('upload-length');
        const begun = await beginUpload(context, call.uploader, metadata, size === null ? undefined : Number(size));
        call.limit = begun.limit;
        return begun.version;
      },
      onIncomingRequest: async (request, version) => {
        const call = callOf(request);
        if (call.uploader || request.method === 'HEAD') return;
        call.uploader = await uploaderOf(call, undefined, version);
        call.limit = (await continueUpload(context, call.uploader, version)).limit;
      },
      onUploadFinish: async (request, upload) => {
        const { uploader } = callOf(request);
        await finishUpload(context, locks, uploader as Uploader, upload.id);
        return { headers: { 'Tus-Complete': '1' } };
      },
      onResponseError: (request, error) => {
        const { exchange } = callOf(request);
        if ('status_code' in error) return undefined;
        const known = asStorageError(error);
        if (known.status >= 500)
          context.log.error({ reqId: requestContext(exchange.request).id, err: known.cause ?? known }, known.message);
        return { status_code: known.status, body: known.message };
      },
      getFileIdFromRequest: (_request, lastPath) => (lastPath === undefined ? undefined : decodeUploadId(lastPath)),
      generateUrl: (request, { id }) => {
        const { exchange, isSigned } = callOf(request);
        const metadata = parseMetadata(request.headers.get('upload-metadata'));
        const encoded = encodeUploadId(metadata.bucketName ?? '', metadata.objectName ?? '', id);
        return `${publicBase(exchange)}${locationPath(exchange)}${isSigned ? '/sign' : ''}/${encoded}`;
      },
    });
  }

  async function uploaderOf(
    call: Call,
    metadata?: Readonly<Record<string, string | null>>,
    version?: string,
  ): Promise<Uploader> {
    const { exchange, isSigned } = call;
    const { scope, request } = exchange;
    if (!isSigned) return { scope, owner: ownerOfScope(scope), isUpsert: wantsUpsert(exchange) };
    const signature = headerOf(request, 'x-signature');
    if (!signature) throw storageError('InvalidSignature', { message: 'Missing x-signature header' });
    const upload =
      version === undefined ? undefined : await context.db.transaction((tx) => context.uploads.find(tx, version));
    const given = metadata ?? upload?.metadata;
    if (!given) throw storageError('NoSuchUpload');
    const { bucketId, name } = readIntent(given, context.settings.userMetadataLimit);
    const token = await context.urlTokens.verify('upload', signature, `${bucketId}/${name}`);
    return { scope: asService(scope), owner: ownerOf(token.owner), isUpsert: token.upsert ?? false };
  }

  /** Ends what an earlier request left unfinished, before a client hears that nothing is missing. */
  async function finishIfWhole(call: Call): Promise<void> {
    const version = decodeUploadId(call.exchange.params.name?.split('/').at(-1) ?? '');
    const isLeft = async () => {
      const upload = version === undefined ? undefined : await findUpload(context, version);
      return upload !== undefined && (await isLeftUnfinished(context, upload));
    };
    if (version === undefined || !(await isLeft())) return;
    const lock = lockOf(locks, context, version);
    await lock.lock(new AbortController().signal, () => {});
    try {
      if (!(await isLeft())) return;
      const uploader = await uploaderOf(call, undefined, version);
      await continueUpload(context, uploader, version);
      await finishUpload(context, locks, uploader, version);
    } finally {
      await lock.unlock();
    }
  }

  return async (exchange, isSigned) => {
    const { request, response } = exchange;
    const counts = receiving.has(request.method ?? '');
    if (counts && underWay >= context.settings.tusMaxConcurrent)
      throw storageError('SlowDown', { message: 'Too many uploads at a time', headers: { 'retry-after': '1' } });
    loading ??= load();
    const server = await loading;
    const call: Call = { exchange, isSigned, uploader: undefined, limit: context.settings.fileSizeLimit };
    calls.set(request, call);
    if (request.method === 'HEAD') await finishIfWhole(call);
    if (counts) underWay++;
    try {
      await server.handle(request as never, response as ServerResponse as never);
    } finally {
      if (counts) underWay--;
    }
    if (!request.complete) endOfUnread(request, response);
    return { sent: true };
  };
}

function lockOf(locks: SessionLocks, { settings }: StorageContext, id: string) {
  let release: (() => Promise<void>) | undefined;
  return {
    lock: async (_signal: AbortSignal, cancel: () => void | Promise<void>) => {
      release = await locks.acquire(id, settings.tusLockTimeout, () => void cancel());
    },
    unlock: async () => {
      await release?.();
      release = undefined;
    },
  };
}

/** Where clients find uploads: the path that was set, behind the prefix that a proxy removed, unless it has that already. */
function locationPath({ context, prefix }: Exchange): string {
  const { tusUrlPath } = context.settings;
  return tusUrlPath.startsWith(`${prefix}/`) ? tusUrlPath : `${prefix}${tusUrlPath}`;
}

/** Upload-Metadata: pairs of key and base64 text. */
function parseMetadata(header: string | null): Record<string, string> {
  return Object.fromEntries(
    (header ?? '').split(',').map((pair) => {
      const [key = '', value = ''] = pair.trim().split(' ');
      return [key, Buffer.from(value, 'base64').toString('utf8')];
    }),
  );
}

/** Errors of this protocol are plain text with their true status. */
const asText = (error: { readonly status: number; readonly message: string }): ErrorAnswer => ({
  status: error.status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'tus-resumable': '1.0.0' },
  body: error.message,
});

const operations = {
  POST: 'storage.tus.upload.create',
  PATCH: 'storage.tus.upload.part',
  HEAD: 'storage.tus.upload.get',
  DELETE: 'storage.tus.upload.delete',
  OPTIONS: 'storage.tus.options',
} as const;

/** Routes of resumable uploads, signed ones first. */
export function resumableRoutes(handle: (exchange: Exchange, isSigned: boolean) => Promise<Answer>): readonly Route[] {
  return [true, false].flatMap((isSigned) =>
    (Object.keys(operations) as (keyof typeof operations)[]).flatMap((method) =>
      ['', '/*'].map(
        (rest): Route => ({
          method,
          path: `/upload/resumable${isSigned ? '/sign' : ''}${rest}`,
          access: isSigned || method === 'OPTIONS' ? 'open' : 'token',
          operation: `${operations[method]}${isSigned ? '_signed' : ''}`,
          renderError: asText,
          handle: (exchange) => handle(exchange, isSigned),
        }),
      ),
    ),
  );
}
