import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { BodyError, readBody } from './body.ts';

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
