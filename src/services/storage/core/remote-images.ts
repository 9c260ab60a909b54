import { setTimeout as sleep } from 'node:timers/promises';
import { type Egress, type EgressAnswer, EgressError } from '#kernel/egress';
import type { ImageFailure, ImageOptions, ImageSource, StoragePorts, TransformedImage } from '../ports.ts';
import { describeOptions } from './transformations.ts';

/** An imgproxy elsewhere. */
export interface RemoteImagesOptions {
  readonly url: string;
  /** Milliseconds for an image, all attempts together. */
  readonly timeout: number;
  /** Bytes of an image at most. */
  readonly maxBytes: number;
}

/** One attempt, and repetitions where they may help. */
const attempts = 6;
const repeated = new Set([408, 429, 500, 502, 503, 504]);
/** Milliseconds before the first repetition, twice as long before each further one, and at most. */
const pause = { first: 50, most: 1_000 };
/** Characters of an answer that tell why. */
const reasonLength = 500;

/** Transforms images by an imgproxy that runs elsewhere and reaches the content by itself, as Supabase Storage does. */
export function createRemoteImages(
  { url, timeout, maxBytes }: RemoteImagesOptions,
  egress: Egress,
): NonNullable<StoragePorts['transform']> {
  async function ask(address: string, options: ImageOptions, deadline: number): Promise<EgressAnswer> {
    for (let attempt = 1; ; attempt++) {
      const left = Math.ceil(deadline - performance.now());
      if (left <= 0) throw failure(504, 'Timeout');
      const isLast = attempt === attempts;
      const answer = await egress
        .request(address, {
          headers: options.accept === undefined ? {} : { accept: options.accept },
          timeout: left,
          maxBytes,
          byOperator: true,
          ...(options.signal && { signal: options.signal }),
        })
        .catch((error: unknown) => {
          const reason = error instanceof EgressError ? error.reason : undefined;
          if (reason === 'timeout') throw failure(504, 'Timeout', error);
          if (isLast || reason !== 'unreachable') throw failure(500, 'Internal error', error);
          return undefined;
        });
      if (answer && (isLast || !repeated.has(answer.status))) return answer;
      const wait = Math.min(pause.first * 2 ** (attempt - 1), pause.most, Math.max(0, deadline - performance.now()));
      await sleep(wait);
    }
  }

  return async (source: ImageSource, options: ImageOptions): Promise<TransformedImage> => {
    const wanted = describeOptions(options).split(',').filter(Boolean);
    const address = [url.replace(/\/$/, ''), 'public', ...wanted, 'plain', await source.url()].join('/');
    const { status, headers, body } = await ask(address, options, performance.now() + timeout);
    if (status !== 200) throw failure(status, body.toString('utf8').slice(0, reasonLength).trim());
    const known = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    );
    return { body, headers: { ...Object.fromEntries(known), 'content-length': String(body.length) } };
  };
}

const failure = (status: number, reason: string, cause?: unknown): ImageFailure =>
  Object.assign(new Error(reason, { cause }), { status });
