import { createHash } from 'node:crypto';
import { storageError } from '../../errors.ts';
import { type Checksum, createChecksum } from '../../wire/s3/checksums.ts';
import { decodeChunks } from '../../wire/s3/chunked-body.ts';
import { scopeOf } from '../../wire/s3/signature.ts';
import { bodyOf, type Exchange, headerOf } from '../exchange.ts';
import type { S3Caller } from './authenticate.ts';

/** A body that is what was signed and announced, or fails at its end. */
export interface CheckedBody {
  readonly source: AsyncIterable<Buffer>;
  /** Bytes of what is in it, without the frames of chunks. */
  readonly length: number | undefined;
}

/**
 * The body of a request: frames of chunks are taken off, and its signature, length, MD5 and checksums are held against what
 * was said, in the header or behind the body.
 *
 * @throws MissingContentLength, and while it is read SignatureDoesNotMatch, XAmzContentSHA256Mismatch, BadDigest …
 */
export function checkedBody(exchange: Exchange, { signature, key }: S3Caller): CheckedBody {
  const { request } = exchange;
  const { payloadHash } = signature;
  const isChunked = payloadHash.startsWith('STREAMING-');
  const announced = headerOf(request, isChunked ? 'x-amz-decoded-content-length' : 'content-length');
  const length = announced === undefined ? undefined : Number(announced);
  if (length === undefined && headerOf(request, 'transfer-encoding') === undefined)
    throw storageError('MissingContentLength');
  if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0))
    throw storageError('InvalidRequest', { message: 'The length of the body is no number' });
  const raw = bodyOf(exchange);
  const trailers = new Map<string, string>();
  const signing = payloadHash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
    ? { key, date: signature.date, scope: scopeOf(signature), seed: signature.signature }
    : undefined;
  const content = isChunked
    ? decodeChunks(raw, signing, (found) => {
        for (const [name, value] of found) trailers.set(name, value);
      })
    : raw;
  return {
    length,
    source: check(content, {
      length: isChunked ? length : undefined,
      sha256: /^[0-9a-f]{64}$/.test(payloadHash) ? payloadHash : undefined,
      md5: headerOf(request, 'content-md5'),
      checksums: checksumsOf(request.headers),
      trailers,
    }),
  };
}

interface Expected {
  readonly length: number | undefined;
  readonly sha256: string | undefined;
  readonly md5: string | undefined;
  readonly checksums: ReadonlyMap<string, { readonly running: Checksum; readonly header: string | undefined }>;
  /** Filled when the last byte was read. */
  readonly trailers: ReadonlyMap<string, string>;
}

function checksumsOf(headers: Readonly<Record<string, string | string[] | undefined>>): Expected['checksums'] {
  const names = new Set(
    Object.keys(headers)
      .filter((name) => name.startsWith('x-amz-checksum-'))
      .concat(
        String(headers['x-amz-trailer'] ?? '')
          .toLowerCase()
          .split(',')
          .map((name) => name.trim()),
      ),
  );
  const found = new Map<string, { running: Checksum; header: string | undefined }>();
  for (const name of names) {
    const running = createChecksum(name);
    const header = headers[name];
    if (running) found.set(name, { running, header: typeof header === 'string' ? header : undefined });
  }
  return found;
}

async function* check(source: AsyncIterable<Buffer>, expected: Expected): AsyncGenerator<Buffer> {
  const sha256 = expected.sha256 === undefined ? undefined : createHash('sha256');
  const md5 = expected.md5 === undefined ? undefined : createHash('md5');
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    sha256?.update(chunk);
    md5?.update(chunk);
    for (const { running } of expected.checksums.values()) running.update(chunk);
    yield chunk;
  }
  if (expected.length !== undefined && size !== expected.length) throw storageError('IncompleteBody');
  if (sha256 && sha256.digest('hex') !== expected.sha256) throw storageError('XAmzContentSHA256Mismatch');
  if (md5 && md5.digest('base64') !== expected.md5) throw storageError('BadDigest');
  for (const [name, { running, header }] of expected.checksums) {
    const wanted = header ?? expected.trailers.get(name);
    // It was announced, and without it nobody knows.
    if (wanted === undefined) throw storageError('MalformedTrailerError');
    if (running.finish() !== wanted) throw storageError('BadDigest');
  }
}

/** Reads a small body whole. @throws EntityTooLarge and what `checkedBody` throws */
export async function readChecked(exchange: Exchange, caller: S3Caller): Promise<Buffer> {
  const { source } = checkedBody(exchange, caller);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > exchange.context.settings.bodyLimit) throw storageError('EntityTooLarge');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
