import { imgproxyError } from '../../errors.ts';
import { openLocal } from './local.ts';
import { download, type RemoteOptions } from './remote.ts';
import { type S3Server, s3Request } from './s3.ts';
import type { Source } from './source.ts';

/** Where sources may come from. */
export interface SourceOptions extends RemoteOptions {
  /** Folder of `local://`; undefined: there is none. */
  readonly localRoot: string | undefined;
  /** The server of `s3://`; undefined: there is none. */
  readonly s3: S3Server | undefined;
  /** What sources may begin with; empty is anything. */
  readonly allowed: readonly RegExp[];
}

/** What finding a source needs of its caller. */
export interface SourceUse {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Called before a source's bytes are taken into memory. */
  readonly hold: () => Promise<void>;
}

/** Finds the source of a URL. @throws ServiceError */
export async function findSource(url: string, options: SourceOptions, use: SourceUse): Promise<Source> {
  if (options.allowed.length > 0 && !options.allowed.some((pattern) => pattern.test(url)))
    throw imgproxyError('source_not_allowed', { details: 'Source is not among the allowed ones' });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === 'local' && options.localRoot !== undefined) return openLocal(options.localRoot, localPath(url));
  if (scheme === 's3' && options.s3 !== undefined) {
    const request = s3Request(url, options.s3);
    await use.hold();
    // Its address stands in the settings; a redirect would carry the signature away.
    return download(request.url, use.maxBytes, use.signal, { ...options, ...request, redirects: 0, byOperator: true });
  }
  if (scheme !== 'http' && scheme !== 'https')
    throw imgproxyError('source_unreachable', {
      details: unserved[scheme ?? ''] ?? 'Sources of this kind are not served here',
    });
  if (!URL.canParse(url)) throw imgproxyError('source_unreachable', { details: 'The source is no URL' });
  await use.hold();
  return download(url, use.maxBytes, use.signal, options);
}

/** What to do about sources that are not served. */
const unserved: Readonly<Record<string, string>> = {
  s3: 'Sources of this kind need IMGPROXY_USE_S3',
  gs: 'Sources of this kind are not served here: ask for s3:// with IMGPROXY_S3_ENDPOINT=https://storage.googleapis.com and HMAC keys',
};

// The URL was decoded when it was taken out of the request; within it a path may be escaped once more.
function localPath(url: string): string {
  const path = url.slice('local://'.length).replace(/[?#].*$/s, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
