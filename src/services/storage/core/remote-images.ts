import { setTimeout as sleep } from 'node:timers/promises';
import type { Egress, EgressAnswer } from '#kernel/egress';
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

const attempts = 5;
/** Milliseconds before the second attempt, by what the first one was answered; more before each further one. */
const pauses: Readonly<Record<number, number>> = { 429: 50, 500: 150 };

/** What clients are told instead of imgproxy's own words. */
const messages: Readonly<Record<number, string>> = {
  403: 'Image transformation request was rejected',
  404: 'Not found',
  422: 'The source image is invalid or unsupported for rendering',
  429: 'Too many requests',
  503: 'Image request timed out',
  504: 'Image request timed out',
};

/** Transforms images by an imgproxy that runs elsewhere and reaches the content by itself, as Supabase Storage does. */
export function createRemoteImages(
  { url, timeout, maxBytes }: RemoteImagesOptions,
  egress: Egress,
): NonNullable<StoragePorts['transform']> {
  async function ask(address: string, options: ImageOptions, deadline: number): Promise<EgressAnswer> {
    for (let attempt = 1; ; attempt++) {
      const left = Math.ceil(deadline - performance.now());
      if (left <= 0) throw failure(504);
      const answer = await egress
        .request(address, {
          headers: options.accept === undefined ? {} : { accept: options.accept },
          timeout: left,
          maxBytes,
          byOperator: true,
          ...(options.signal && { signal: options.signal }),
        })
        .catch((error: unknown) => {
          throw failure(500, error);
        });
      const pause = pauses[answer.status];
      if (pause === undefined || attempt === attempts) return answer;
      await sleep(Math.min(pause * attempt, Math.max(0, deadline - performance.now())));
    }
  }

  return async (source: ImageSource, options: ImageOptions): Promise<TransformedImage> => {
    const wanted = describeOptions(options).split(',').filter(Boolean);
    const address = [url.replace(/\/$/, ''), 'public', ...wanted, 'plain', await source.url()].join('/');
    const { status, headers, body } = await ask(address, options, performance.now() + timeout);
    if (status !== 200) throw failure(status, new Error(`imgproxy answered ${status}`));
    const known = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    );
    return { body, headers: { ...Object.fromEntries(known), 'content-length': String(body.length) } };
  };
}

function failure(status: number, cause?: unknown): ImageFailure {
  const message = messages[status] ?? (status < 500 ? 'Invalid image request' : 'Internal error');
  return Object.assign(new Error(message, { cause }), { status });
}
