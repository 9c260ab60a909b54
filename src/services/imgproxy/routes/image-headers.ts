import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { dependsOnAccept, type FormatPolicy } from '../core/format/choose.ts';
import { formats } from '../core/format/formats.ts';
import type { Image } from '../core/images.ts';
import type { Processing } from '../core/url/processing.ts';
import type { ImgproxySettings } from '../settings.ts';

/** What the headers of an image depend on beside itself. */
export interface HeaderInput {
  readonly image: Image;
  readonly processing: Readonly<Processing>;
  readonly sourceUrl: string;
  readonly settings: ImgproxySettings;
  readonly policy: FormatPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Headers of an image, those of a 304 included. */
export function imageHeaders(input: HeaderInput): OutgoingHttpHeaders {
  const { image, processing, sourceUrl, settings, policy } = input;
  const { mime } = formats[image.made.format];
  const { lastModified } = image.source;
  const { sizes } = image.made;
  return {
    'content-type': mime,
    'content-disposition': disposition(input),
    'content-security-policy': "script-src 'none'",
    ...cacheHeaders(input),
    ...(dependsOnAccept(policy) && { vary: 'Accept' }),
    ...(settings.useEtag && { etag: entityTag(image) }),
    ...(settings.useLastModified &&
      lastModified !== undefined && { 'last-modified': new Date(lastModified).toUTCString() }),
    ...(settings.setCanonicalHeader &&
      /^https?:\/\//.test(sourceUrl) && { link: `<${encodeURI(sourceUrl)}>; rel="canonical"` }),
    ...(settings.debugHeaders &&
      sizes && {
        'x-origin-width': sizes.source[0],
        'x-origin-height': sizes.source[1],
        'x-result-width': sizes.result[0],
        'x-result-height': sizes.result[1],
      }),
    ...(processing.raw && { 'x-content-type-options': 'nosniff' }),
  };
}

const entityTag = ({ tag }: Image): string => `"${tag.options}/D${tag.source}"`;

function cacheHeaders({ image, processing, settings, now }: HeaderInput): OutgoingHttpHeaders {
  const { cacheControl, expires } = image.source;
  if (settings.cacheControlPassthrough && processing.expires === 0) {
    if (cacheControl) return { 'cache-control': cacheControl };
    const until = Date.parse(expires ?? '');
    if (!Number.isNaN(until)) return { 'cache-control': maxAge(Math.max(0, Math.floor((until - now) / 1_000))) };
  }
  const seconds = Math.floor(settings.ttl / 1_000);
  const left = processing.expires > 0 ? Math.max(0, processing.expires - Math.floor(now / 1_000)) : seconds;
  return { 'cache-control': maxAge(Math.min(seconds, left)) };
}

const maxAge = (seconds: number): string => (seconds > 0 ? `max-age=${seconds}, public` : 'no-cache');

function disposition({ image, processing }: HeaderInput): string {
  const { extension } = formats[image.made.format];
  const base = processing.filename ?? image.source.name?.replace(/\.[^.]*$/, '');
  const name = `${base || 'image'}.${extension}`;
  const kind = processing.attachment ? 'attachment' : 'inline';
  // RFC 6266: what is no plain text stands in the second, encoded form.
  const plain = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\]/g, (char) => (char === '"' ? '%22' : '%5C'));
  const isPlain = /^[\x20-\x7e]*$/.test(name);
  return `${kind}; filename="${plain}"${isPlain ? '' : `; filename*=UTF-8''${encoded(name)}`}`;
}

const encoded = (name: string): string =>
  encodeURIComponent(Buffer.from(name).toString()).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);

/** Whether the client has the result already (RFC 9110 §13.1). */
export function isUnchanged(
  request: IncomingHttpHeaders,
  image: Image,
  { useEtag, useLastModified }: ImgproxySettings,
): boolean {
  const tags = request['if-none-match'];
  if (useEtag && tags !== undefined) {
    const own = entityTag(image);
    return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === own);
  }
  const since = Date.parse(request['if-modified-since'] ?? '');
  const { lastModified } = image.source;
  return useLastModified && lastModified !== undefined && Math.floor(lastModified / 1_000) * 1_000 <= since;
}
