import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Egress, type EgressAnswer, EgressError } from '#kernel/egress';
import { imgproxyError } from '../../errors.ts';
import type { Source } from './source.ts';

/** How http(s) sources are asked for. */
export interface RemoteOptions {
  readonly egress: Egress;
  readonly userAgent: string;
  readonly redirects: number;
  /** Milliseconds. */
  readonly timeout: number;
  /** Sent besides. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The host stands in the settings, so it may be in the own network. */
  readonly byOperator?: boolean;
}

/**
 * Downloads an http(s) source, through the egress guard. Its version is the digest of its bytes: what a server says of them
 * is not relied on.
 *
 * @throws ServiceError
 */
export async function download(
  url: string,
  maxBytes: number,
  signal: AbortSignal,
  { egress, userAgent, redirects, timeout, headers: more, byOperator = false }: RemoteOptions,
): Promise<Source> {
  let answer: EgressAnswer;
  try {
    const headers = { 'user-agent': userAgent, accept: 'image/*,*/*;q=0.8', ...more };
    answer = await egress.request(url, { headers, timeout, maxBytes, redirects, signal, byOperator });
  } catch (error) {
    throw failureOf(error);
  }
  if (answer.status !== 200)
    throw imgproxyError('source_unreachable', { details: `The source answered with status ${answer.status}` });
  const bytes = await inflate(answer, maxBytes);
  const { 'last-modified': modified, 'cache-control': cacheControl, expires } = answer.headers;
  const lastModified = Date.parse(modified ?? '');
  return {
    version: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    ...(!Number.isNaN(lastModified) && { lastModified }),
    ...(cacheControl && { cacheControl }),
    ...(expires && { expires }),
    name: nameOf(url),
    read: async () => bytes,
  };
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof EgressError)) return error;
  const details = error.message;
  switch (error.reason) {
    case 'refused':
      return imgproxyError('source_not_allowed', { details, cause: error });
    case 'timeout':
      return imgproxyError('source_timeout', { details, cause: error });
    case 'too-large':
      return imgproxyError('source_file_too_big', { details: 'Source image file is too big', cause: error });
    case 'aborted':
      return imgproxyError('cancelled', { details, cause: error });
    default:
      return imgproxyError('source_unreachable', { details, cause: error });
  }
}

// It was not asked for, but some servers send it all the same. The bound holds for what comes out.
async function inflate({ body, headers }: EgressAnswer, maxBytes: number): Promise<Buffer> {
  const coding = headers['content-encoding'];
  if (coding === undefined || coding === 'identity') return body;
  if (coding !== 'gzip' && coding !== 'x-gzip')
    throw imgproxyError('source_unreachable', { details: 'The source has a content coding nobody asked for' });
  try {
    return await promisify(gunzip)(body, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooBig = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw imgproxyError(tooBig ? 'source_file_too_big' : 'source_unreachable', {
      details: tooBig ? 'Source image file is too big' : 'The source is damaged',
      cause: error,
    });
  }
}

function nameOf(url: string): string {
  const { pathname } = new URL(url);
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
