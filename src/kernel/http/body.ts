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
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await readBodyChunks(request, limit, (chunk) => void chunks.push(chunk));
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/**
 * Reads a request's body as it comes.
 *
 * @param limit in bytes
 * @param take nothing more is read until its promise is fulfilled; what it throws ends the reading, and is thrown on
 * @throws BodyError beyond the limit or when the client goes away; what comes after that is discarded
 */
export function readBodyChunks(
  request: IncomingMessage,
  limit: number,
  take: (chunk: Buffer) => void | Promise<void>,
): Promise<void> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limit) {
    request.resume();
    return Promise.reject(new BodyError('too-large'));
  }
  // No event will come any more from a request that is over.
  if (request.destroyed && !request.readableEnded) return Promise.reject(new BodyError('aborted'));
  return new Promise((resolve, reject) => {
    let size = 0;
    let isOver = false;
    let pending = Promise.resolve();
    const end = (error: unknown): void => {
      isOver = true;
      reject(error);
    };
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (isOver) return;
      if (size > limit) return end(new BodyError('too-large'));
      let taking: void | Promise<void>;
      try {
        taking = take(chunk);
      } catch (error) {
        return end(error);
      }
      if (!taking) return;
      request.pause();
      pending = taking.catch(end).finally(() => request.resume());
    });
    request.once('end', () => void pending.then(resolve));
    request.once('error', () => end(new BodyError('aborted')));
    request.once('close', () => {
      if (!request.readableEnded) end(new BodyError('aborted'));
    });
  });
}
