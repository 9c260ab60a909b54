import { createHash } from 'node:crypto';
import { storageError } from '../../errors.ts';
import { isSame, sha256, sign } from './signature.ts';

/** How the chunks of a body are signed. */
export interface ChunkSigning {
  readonly key: Buffer;
  /** Date of the request and its credential's scope. */
  readonly date: string;
  readonly scope: string;
  /** Signature of the request itself, to which the first chunk's is tied. */
  readonly seed: string;
}

const headLimit = 8 * 1024;
const trailersLimit = 16 * 1024;
const empty = sha256('');

/**
 * Decodes a body of content encoding `aws-chunked` ("Signature calculations for the authorization header: transferring
 * payload in multiple chunks"). Data is passed on as it comes; a chunk whose signature is wrong fails at its end, before
 * anything is made of what was passed on.
 *
 * @param signing undefined where chunks are not signed
 * @param onTrailers gets the trailers, names in lower case, once they are known to be right
 * @throws SignatureDoesNotMatch, IncompleteBody
 */
export async function* decodeChunks(
  source: AsyncIterable<Buffer>,
  signing: ChunkSigning | undefined,
  onTrailers: (trailers: ReadonlyMap<string, string>) => void,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source);
  let previous = signing?.seed ?? '';
  for (;;) {
    const head = await reader.line(headLimit);
    const match = /^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?(?:;.*)?$/i.exec(head);
    if (!match) throw storageError('IncompleteBody');
    const size = Number.parseInt(match[1] as string, 16);
    const hash = createHash('sha256');
    for (let left = size; left > 0; ) {
      const piece = await reader.take(left);
      left -= piece.length;
      if (signing) hash.update(piece);
      yield piece;
    }
    if (signing) {
      const given = match[2] ?? '';
      const text = [
        'AWS4-HMAC-SHA256-PAYLOAD',
        signing.date,
        signing.scope,
        previous,
        empty,
        size === 0 ? empty : hash.digest('hex'),
      ].join('\n');
      if (!isSame(given, sign(signing.key, text))) throw storageError('SignatureDoesNotMatch');
      previous = given;
    }
    if (size === 0) break;
    if ((await reader.line(2)) !== '') throw storageError('IncompleteBody');
  }
  onTrailers(await readTrailers(reader, signing, previous));
}

async function readTrailers(
  reader: ByteReader,
  signing: ChunkSigning | undefined,
  previous: string,
): Promise<ReadonlyMap<string, string>> {
  const trailers = new Map<string, string>();
  let signed = '';
  let size = 0;
  for (;;) {
    const line = await reader.line(headLimit, true);
    if (line === undefined || line === '') break;
    size += line.length;
    const at = line.indexOf(':');
    if (at < 1 || size > trailersLimit) throw storageError('IncompleteBody');
    const [name, value] = [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
    trailers.set(name, value);
    if (name !== 'x-amz-trailer-signature') signed += `${name}:${value}\n`;
  }
  const signature = trailers.get('x-amz-trailer-signature');
  trailers.delete('x-amz-trailer-signature');
  if (signing && trailers.size > 0) {
    const text = ['AWS4-HMAC-SHA256-TRAILER', signing.date, signing.scope, previous, sha256(signed)].join('\n');
    if (!isSame(signature ?? '', sign(signing.key, text))) throw storageError('SignatureDoesNotMatch');
  }
  return trailers;
}

/** Reads lines and bytes of a stream in turn. */
class ByteReader {
  readonly #iterator: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** A line without its end. @throws IncompleteBody when it is longer, or the stream ends */
  async line(limit: number): Promise<string>;
  async line(limit: number, mayEnd: true): Promise<string | undefined>;
  async line(limit: number, mayEnd = false): Promise<string | undefined> {
    for (;;) {
      const at = this.#rest.indexOf('\n');
      if (at >= 0) {
        const line = this.#rest.subarray(0, at).toString('latin1').replace(/\r$/, '');
        this.#rest = this.#rest.subarray(at + 1);
        return line;
      }
      if (this.#rest.length > limit) throw storageError('IncompleteBody');
      const { value, done } = await this.#iterator.next();
      if (done) {
        if (mayEnd && this.#rest.length === 0) return undefined;
        throw storageError('IncompleteBody');
      }
      this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    }
  }

  /** At least one byte and at most `limit`. */
  async take(limit: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#iterator.next();
      if (done) throw storageError('IncompleteBody');
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}
