import type { OutgoingHttpHeaders } from 'node:http';
import type { ObjectRow } from '../sql/objects.ts';

/** What decides about the headers of an answer with an object's content. */
export interface HeaderInput {
  readonly object: ObjectRow;
  readonly method: string;
  /** Of the request; names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Value of `?download`, null where there is none. */
  readonly download: string | null;
  /** Seconds since the epoch at which a signed URL ends. */
  readonly expires?: number | undefined;
  readonly etagHeaders: readonly string[];
  readonly sMaxAge: number;
}

/** Headers of an object, without those of a range or of its length. */
export function contentHeaders(input: HeaderInput): OutgoingHttpHeaders {
  const { object, download, expires } = input;
  const { metadata } = object;
  const type = servedType(metadata?.mimetype);
  return {
    'accept-ranges': 'bytes',
    'content-type': type,
    ...pagePolicy(type),
    ...(metadata?.eTag && { etag: metadata.eTag }),
    'last-modified': lastModified(object).toUTCString(),
    'x-robots-tag': metadata?.xRobotsTag ?? 'none',
    ...(expires === undefined
      ? { 'cache-control': cacheControl(input) }
      : { expires: new Date(expires * 1_000).toUTCString() }),
    ...(download !== null && { 'content-disposition': disposition(download) }),
  };
}

/** HTML is never served as such: this is no web host, and the origin is shared. */
export function servedType(type: string | undefined): string {
  if (type === undefined || type === '' || /[^\x20-\x7e]/.test(type)) return 'application/octet-stream';
  return /text\/html/i.test(type) ? 'text/plain' : type;
}

/**
 * Headers for content that a browser may show as a page: it gets an origin of its own, so that what somebody uploaded never
 * runs beside the dashboard or an application of the same origin. Images inside of pages, downloads and scripts are not touched.
 */
export function pagePolicy(type: string): OutgoingHttpHeaders {
  return neverPages.test(type) && !/xml/i.test(type) ? {} : { 'content-security-policy': 'sandbox' };
}

// Types that browsers do not look into to find out that they are HTML. Readers of PDF do not work in a sandbox.
const neverPages = /^(?:(?:image|audio|video|font)\/|text\/plain|application\/(?:pdf|json|octet-stream)\b)/i;

/** When the content was stored. */
export function lastModified({ metadata, updated_at: updatedAt }: ObjectRow): Date {
  const stored = metadata?.lastModified === undefined ? Number.NaN : Date.parse(metadata.lastModified);
  return Number.isNaN(stored) ? updatedAt : new Date(stored);
}

/** A file name in both notations (RFC 6266): the older one takes the same escapes. */
export function disposition(name: string): string {
  if (name === '') return 'attachment;';
  const encoded = encodeURIComponent(name);
  return `attachment; filename=${encoded}; filename*=UTF-8''${encoded}`;
}

function cacheControl({ object, method, headers, etagHeaders, sMaxAge }: HeaderInput): string {
  const stored = object.metadata?.cacheControl ?? 'no-cache';
  const parts = [/[^\x20-\x7e]/.test(stored) ? 'no-cache' : stored];
  const asked = etagHeaders.map((name) => headers[name.toLowerCase()]).find((value) => value !== undefined);
  if (asked !== undefined) {
    const matches = asked === object.metadata?.eTag;
    if (sMaxAge > 0 && (method !== 'HEAD' || matches)) parts.push(`s-maxage=${sMaxAge}`);
    if (!matches) parts.push(method === 'HEAD' ? 'must-revalidate' : 'stale-while-revalidate=30');
  }
  return parts.join(', ');
}

/** Whether the client has it already (RFC 9110 §13.1.2 f.). */
export function isUnchanged(
  object: ObjectRow,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): boolean {
  const tags = headers['if-none-match'];
  if (typeof tags === 'string')
    return tags
      .split(',')
      .map((tag) => tag.trim().replace(/^W\//, ''))
      .some((tag) => tag === '*' || tag === object.metadata?.eTag);
  const since = Date.parse(String(headers['if-modified-since'] ?? ''));
  return !Number.isNaN(since) && Math.floor(lastModified(object).getTime() / 1_000) * 1_000 <= since;
}

/** Whether a range may be served: the client may have asked for it of one content alone (RFC 9110 §13.1.5). */
export function rangeCounts(object: ObjectRow, ifRange: string | string[] | undefined): boolean {
  if (typeof ifRange !== 'string') return true;
  if (ifRange.startsWith('"')) return ifRange === object.metadata?.eTag;
  return Date.parse(ifRange) === Math.floor(lastModified(object).getTime() / 1_000) * 1_000;
}
