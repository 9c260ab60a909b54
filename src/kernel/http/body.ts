import type { IncomingMessage } from 'node:http';

const problems = {
  'too-large': 'The request body is too large',
  aborted: 'The request was aborted',
  encoding: 'The content encoding must be gzip, deflate or none',
  malformed: 'The request body cannot be unpacked',
} as const;

/** What may be wrong with a body. */
export type BodyProblem = keyof typeof problems;

/** Why a body could not be read. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly reason: BodyProblem;

  constructor(reason: BodyProblem) {
    super(problems[reason]);
    this.reason = reason;
  }
}

/**
 * Reads a request's body whole.
 *
 * @param limit in bytes
 * @throws BodyError beyond the limit (the rest is discarded) or when the client goes away
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limit) {
    request.resume();
    return Promise.reject(new BodyError('too-large'));
  }
  // No event will come any more from a request that is over.
  if (request.destroyed && !request.readableEnded) return Promise.reject(new BodyError('aborted'));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(new BodyError('too-large'));
      }
    });
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.once('error', () => reject(new BodyError('aborted')));
    request.once('close', () => reject(new BodyError('aborted')));
  });
}
