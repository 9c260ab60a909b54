import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { storageError } from '../../errors.ts';
import type { ContentRef, ContentStore, ListedContent, WriteOptions, Written } from './content-store.ts';
import { Digests } from './digests.ts';
import { limited } from './limited.ts';

/** Where the S3 backend lies. */
export interface S3StoreOptions {
  readonly bucket: string;
  readonly tenant: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly pathStyle: boolean;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  readonly maxSockets: number;
  /** Milliseconds of silence. */
  readonly timeout: number;
  /** Bytes of a part, 5 MiB at least. */
  readonly partSize: number;
}

/** What S3 asks of every part but the last. */
const smallestPart = 5 * 1024 ** 2;
/** What can be copied in one request. */
const largestCopy = 5 * 1024 ** 3;
/** Bytes of a key; versions are UUIDs. */
const longestKey = 1_024;
const anyVersion = '00000000-0000-4000-8000-000000000000';

/** Seconds. */
const privateUrlLifetime = 600;

type Heads = Omit<WriteOptions, 'limit'>;

interface Piece {
  readonly key: string;
  readonly size: number;
}

/** What a growing content's pieces lie below, and what the key of one ends with. */
const piecesSuffix = '.pieces/';
const pieceKey = /\/([\w-]+)\.pieces\/\d{16}$/;

/**
 * Content on a server that speaks S3, under the same names as in a folder. What S3 acknowledges is safe, and nobody sees an
 * object before that. Growing contents are objects of their own below `<key>.pieces/`, joined by the server where it can.
 */
export async function createS3Store(options: S3StoreOptions): Promise<ContentStore> {
  const sdk = await import('@aws-sdk/client-s3');
  const client: S3Client = new sdk.S3Client({
    region: options.region,
    forcePathStyle: options.pathStyle,
    maxAttempts: 3,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      // Of silence; the whole of a request may take as long as its bytes need.
      socketTimeout: options.timeout,
      connectionTimeout: Math.min(options.timeout, 10_000),
      httpAgent: { maxSockets: options.maxSockets },
      httpsAgent: { maxSockets: options.maxSockets },
    },
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    ...(options.credentials && { credentials: options.credentials }),
  });
  const Bucket = options.bucket;
  const keyOf = ({ bucketId, name, version }: ContentRef): string =>
    `${options.tenant}/${bucketId}/${name}${version === null ? '' : `/${version}`}`;
  const piecesOf = (ref: ContentRef): string => `${keyOf(ref)}${piecesSuffix}`;
  const headers = ({ contentType, cacheControl }: Heads) => ({
    ContentType: contentType,
    CacheControl: cacheControl,
  });

  /** Runs a request; what is the server's own trouble becomes 503. */
  async function ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isMissing(error)) throw storageError('NoSuchContent', { cause: error });
      throw storageError('StorageUnavailable', { cause: error, headers: { 'retry-after': '1' } });
    }
  }

  async function sizeOf(key: string): Promise<{ size: number; etag: string } | undefined> {
    try {
      const head = await client.send(new sdk.HeadObjectCommand({ Bucket, Key: key }));
      return { size: head.ContentLength ?? 0, etag: bare(head.ETag) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageError('StorageUnavailable', { cause: error, headers: { 'retry-after': '1' } });
    }
  }

  async function* listKeys(prefix: string): AsyncGenerator<Piece & { modified: Date }> {
    let token: string | undefined;
    do {
      const page = await ask(() =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket,
            Prefix: prefix,
            ...(token !== undefined && { ContinuationToken: token }),
          }),
        ),
      );
      for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? [])
        yield { key: Key, size: Size, modified: LastModified };
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async function removeKeys(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += 1_000) {
      const Objects = keys.slice(at, at + 1_000).map((Key) => ({ Key }));
      const { Errors = [] } = await ask(() =>
        client.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })),
      );
      const [failed] = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
      if (failed) throw storageError('StorageUnavailable', { cause: new Error(`${failed.Code} ${failed.Key}`) });
    }
  }

  /** An upload in parts whose parts `fill` makes, one after the other. */
  async function inParts(
    key: string,
    heads: Heads,
    fill: (UploadId: string) => Promise<readonly { PartNumber: number; ETag: string | undefined }[]>,
  ): Promise<string> {
    const { UploadId = '' } = await ask(() =>
      client.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key: key, ...headers(heads) })),
    );
    try {
      const Parts = await fill(UploadId);
      const { ETag } = await ask(() =>
        client.send(
          new sdk.CompleteMultipartUploadCommand({
            Bucket,
            Key: key,
            UploadId,
            MultipartUpload: { Parts: [...Parts] },
          }),
        ),
      );
      return bare(ETag);
    } catch (error) {
      await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key: key, UploadId })).catch(() => {});
      throw error;
    }
  }

  async function write(key: string, source: AsyncIterable<Buffer>, heads: Heads): Promise<Written> {
    const digests = new Digests();
    const buffers = cut(source, options.partSize, (chunk) => digests.update(chunk));
    const first = (await buffers.next()).value ?? Buffer.alloc(0);
    const second = await buffers.next();
    if (second.done) {
      await ask(() => client.send(new sdk.PutObjectCommand({ Bucket, Key: key, Body: first, ...headers(heads) })));
      return digests.finish();
    }
    await inParts(key, heads, async (UploadId) => {
      const parts: { PartNumber: number; ETag: string | undefined }[] = [];
      const put = async (Body: Buffer) => {
        const PartNumber = parts.length + 1;
        const { ETag } = await ask(() =>
          client.send(new sdk.UploadPartCommand({ Bucket, Key: key, UploadId, PartNumber, Body })),
        );
        parts.push({ PartNumber, ETag });
      };
      await put(first);
      await put(second.value);
      for await (const buffer of buffers) await put(buffer);
      return parts;
    });
    return digests.finish();
  }

  async function read(key: string, range?: string): Promise<Readable> {
    const { Body } = await ask(() =>
      client.send(new sdk.GetObjectCommand({ Bucket, Key: key, ...(range !== undefined && { Range: range }) })),
    );
    return Body as Readable;
  }

  /** Joins objects: by the server where their sizes let it, else through here. */
  async function join(key: string, pieces: readonly Piece[], heads: Heads): Promise<Written> {
    const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
    const fits = pieces.slice(0, -1).every((piece) => piece.size >= smallestPart);
    if (!fits || size <= smallestPart || pieces.some((piece) => piece.size > largestCopy)) {
      async function* through(): AsyncGenerator<Buffer> {
        for (const piece of pieces) if (piece.size > 0) yield* await read(piece.key);
      }
      return write(key, through(), heads);
    }
    const etag = await inParts(key, heads, async (UploadId) => {
      const parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (const piece of pieces) {
        const PartNumber = parts.length + 1;
        const CopySource = sourceOf(Bucket, piece.key);
        const { CopyPartResult } = await ask(() =>
          client.send(new sdk.UploadPartCopyCommand({ Bucket, Key: key, UploadId, PartNumber, CopySource })),
        );
        parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
      }
      return parts;
    });
    return { size, etag, sha256: null };
  }

  async function allPieces(ref: ContentRef): Promise<Piece[]> {
    const pieces: Piece[] = [];
    for await (const piece of listKeys(piecesOf(ref))) pieces.push(piece);
    return pieces;
  }

  /** Pieces as far as they follow each other; a writer that lost its lock may have left others between and behind. */
  async function piecesList(ref: ContentRef): Promise<Piece[]> {
    const pieces: Piece[] = [];
    let length = 0;
    for (const piece of await allPieces(ref)) {
      const offset = Number(lastSegment(piece.key));
      if (offset > length) break;
      if (offset < length) continue;
      pieces.push(piece);
      length += piece.size;
    }
    return pieces;
  }

  /** Uploads in parts that the server knows; not all servers tell. */
  async function* listUploads(prefix: string): AsyncGenerator<ListedContent> {
    for (let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}; ; ) {
      const page = await client
        .send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: prefix, ...from }))
        .catch(() => undefined);
      for (const { Key = '', UploadId, Initiated = new Date() } of page?.Uploads ?? [])
        yield {
          version: lastSegment(Key),
          path: '',
          place: Key,
          size: 0,
          modified: Initiated,
          isGrowing: true,
          uploadId: UploadId,
        };
      if (!page?.IsTruncated || page.NextKeyMarker === undefined) return;
      from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  }

  return {
    assertStorable(place) {
      if (Buffer.byteLength(keyOf({ ...place, version: anyVersion })) > longestKey)
        throw storageError('InvalidKey', { message: 'Invalid key: too long' });
    },

    write: (ref, source, { limit, ...heads }) => write(keyOf(ref), limited(source, limit), heads),

    async open(ref) {
      const key = keyOf(ref);
      const found = await sizeOf(key);
      if (!found) return undefined;
      return {
        size: found.size,
        close: async () => {},
        read: async (range) =>
          found.size === 0 ? Buffer.alloc(0) : read(key, range && `bytes=${range.start}-${range.end}`),
      };
    },

    async copy(from, to, heads) {
      const found = await sizeOf(keyOf(from));
      if (!found) throw storageError('NoSuchContent');
      if (found.size > largestCopy) {
        await write(keyOf(to), await read(keyOf(from)), heads);
        return;
      }
      const CopySource = sourceOf(Bucket, keyOf(from));
      await ask(() =>
        client.send(
          new sdk.CopyObjectCommand({
            Bucket,
            Key: keyOf(to),
            CopySource,
            MetadataDirective: 'REPLACE',
            ...headers(heads),
          }),
        ),
      );
    },

    async remove(refs) {
      const keys: string[] = [];
      for (const ref of refs) {
        keys.push(keyOf(ref));
        for (const piece of await allPieces(ref)) keys.push(piece.key);
      }
      await removeKeys(keys);
    },

    async assemble(ref, parts, heads) {
      const pieces: Piece[] = [];
      for (const part of parts) {
        const found = await sizeOf(keyOf(part));
        if (!found) throw storageError('NoSuchContent');
        pieces.push({ key: keyOf(part), size: found.size });
      }
      return join(keyOf(ref), pieces, heads);
    },

    async grow(ref, offset, source) {
      let length = offset;
      const put = async (Body: Buffer) => {
        const Key = `${piecesOf(ref)}${String(length).padStart(16, '0')}`;
        await ask(() => client.send(new sdk.PutObjectCommand({ Bucket, Key, Body })));
        length += Body.length;
      };
      for await (const buffer of cut(source, options.partSize, () => {}, true)) await put(buffer);
      return length;
    },

    async grown(ref) {
      const pieces = await piecesList(ref);
      if (pieces.length === 0) return (await sizeOf(keyOf(ref)))?.size;
      return pieces.reduce((sum, { size }) => sum + size, 0);
    },

    async seal(ref, size, heads) {
      const found = await sizeOf(keyOf(ref));
      // An earlier attempt came that far and no further.
      if (found?.size === size) return { ...found, sha256: null };
      const pieces = await piecesList(ref);
      if (pieces.reduce((sum, piece) => sum + piece.size, 0) !== size) throw storageError('TransactionError');
      return join(keyOf(ref), pieces, heads);
    },

    settle: async (ref) => removeKeys((await allPieces(ref)).map(({ key }) => key)),

    async privateUrl(ref) {
      const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
      const command = new sdk.GetObjectCommand({ Bucket, Key: keyOf(ref) });
      return encodeURIComponent(await getSignedUrl(client, command, { expiresIn: privateUrlLifetime }));
    },

    async removeListed({ place: Key, uploadId: UploadId }) {
      if (UploadId === undefined) await removeKeys([Key]);
      else await ask(() => client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId })));
    },

    async *list(): AsyncGenerator<ListedContent> {
      for await (const { key, size, modified } of listKeys(`${options.tenant}/`)) {
        // The sidecars that Supabase Storage leaves beside resumable uploads are no content.
        if (key.endsWith('.info')) continue;
        const piece = pieceKey.exec(key);
        yield {
          version: piece?.[1] ?? lastSegment(key),
          path: piece ? '' : key.slice(options.tenant.length + 1),
          place: key,
          size,
          modified,
          isGrowing: piece !== null,
        };
      }
      yield* listUploads(`${options.tenant}/`);
    },

    async check() {
      await client.send(new sdk.HeadBucketCommand({ Bucket }));
    },

    close: async () => client.destroy(),
  };
}

const lastSegment = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

const bare = (etag: string | undefined): string => (etag ?? '').replace(/^"|"$/g, '');

const sourceOf = (bucket: string, key: string): string =>
  `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;

function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return name === 'NoSuchKey' || name === 'NotFound' || $metadata?.httpStatusCode === 404;
}

/**
 * Cuts what a source yields into buffers of one size, the last one shorter.
 *
 * @param keep true: what was collected when the source fails is yielded before the failure is thrown
 */
async function* cut(
  source: AsyncIterable<Buffer>,
  size: number,
  seen: (chunk: Buffer) => void,
  keep = false,
): AsyncGenerator<Buffer, undefined> {
  let chunks: Buffer[] = [];
  let collected = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const chunk of source) {
      seen(chunk);
      let rest = chunk;
      while (collected + rest.length >= size) {
        const head = rest.subarray(0, size - collected);
        yield Buffer.concat([...chunks, head]);
        rest = rest.subarray(head.length);
        chunks = [];
        collected = 0;
      }
      if (rest.length > 0) chunks.push(rest);
      collected += rest.length;
    }
  } catch (error) {
    failure = { error };
  }
  if (collected > 0 && (failure === undefined || keep)) yield Buffer.concat(chunks);
  if (failure) throw failure.error;
  return undefined;
}
