import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { BodyError, readBody, readBodyChunks } from './body.ts';

const unpack = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/**
 * Reads a request's body and unpacks it where its `Content-Encoding` is gzip or deflate.
 *
 * @param limit bytes, as sent and unpacked
 * @throws BodyError; its reason is `encoding` for other encodings, `malformed` where it cannot be unpacked
 */
export async function readPackedBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return readBody(request, limit);
  if (encoding !== 'gzip' && encoding !== 'deflate') throw new BodyError('encoding');
  const body = await readBody(request, limit);
  try {
    return await unpack[encoding](body, { maxOutputLength: limit });
  } catch (error) {
    throw new BodyError((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'malformed');
  }
}

/**
 * The same as it comes, where it is not packed; else in one piece.
 *
 * @param take nothing more is read until its promise is fulfilled; what it throws ends the reading, and is thrown on
 * @throws BodyError as `readPackedBody`
 */
export async function readPackedChunks(
  request: IncomingMessage,
  limit: number,
  take: (chunk: Buffer) => void | Promise<void>,
): Promise<void> {
  if ((request.headers['content-encoding'] ?? 'identity') === 'identity') await readBodyChunks(request, limit, take);
  else await take(await readPackedBody(request, limit));
}
