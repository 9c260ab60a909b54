import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The headers of a request; names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What a signature says of itself (AWS Signature Version 4). */
export interface SignatureParts {
  readonly accessKey: string;
  /** `YYYYMMDD` of the credential's scope. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly date: string;
  /** Seconds a presigned URL is good for; undefined for a header. */
  readonly expires?: number;
  readonly securityToken: string | undefined;
  /** As it stands in the canonical request. */
  readonly payloadHash: string;
}

/** What has to be signed of a request beside its headers. */
export interface SignedRequest {
  readonly method: string;
  /** Raw, as the client sent it. */
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  /** The host the client named. */
  readonly host: string;
}

const algorithm = 'AWS4-HMAC-SHA256';

/** Reads a signature from the Authorization header. @returns undefined when it is none */
export function readHeaderSignature(headers: Headers): SignatureParts | undefined {
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})\s*$/.exec(
      String(headers.authorization ?? ''),
    );
  const credential = readCredential(match?.[1]);
  if (!match || !credential) return undefined;
  const date = headers['x-amz-date'];
  return {
    ...credential,
    signedHeaders: (match[2] as string).toLowerCase().split(';'),
    signature: match[3] as string,
    date: typeof date === 'string' ? date : compactDate(String(headers.date ?? '')),
    securityToken: single(headers['x-amz-security-token']),
    payloadHash: single(headers['x-amz-content-sha256']) ?? '',
  };
}

/** Reads a signature from the query of a presigned URL. @returns undefined when there is none */
export function readQuerySignature(query: URLSearchParams, headers: Headers): SignatureParts | undefined {
  const credential = readCredential(query.get('X-Amz-Credential') ?? undefined);
  const signature = query.get('X-Amz-Signature') ?? '';
  if (query.get('X-Amz-Algorithm') !== algorithm || !credential || !/^[0-9a-f]{64}$/.test(signature)) return undefined;
  return {
    ...credential,
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').toLowerCase().split(';'),
    signature,
    date: query.get('X-Amz-Date') ?? '',
    expires: Number(query.get('X-Amz-Expires') ?? Number.NaN),
    securityToken: query.get('X-Amz-Security-Token') ?? undefined,
    payloadHash: query.get('X-Amz-Content-Sha256') ?? single(headers['x-amz-content-sha256']) ?? 'UNSIGNED-PAYLOAD',
  };
}

/** Takes a credential apart; the access key itself may have slashes. */
export function readCredential(
  text: string | undefined,
): Pick<SignatureParts, 'accessKey' | 'day' | 'region' | 'service'> | undefined {
  const match = /^(.+)\/(\d{8})\/([\w-]*)\/([\w-]+)\/aws4_request$/.exec(text ?? '');
  if (!match) return undefined;
  const [, accessKey = '', day = '', region = '', service = ''] = match;
  return { accessKey, day, region, service };
}

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** An HTTP date in the compact form; empty when it is none. */
function compactDate(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? '' : new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** Milliseconds since the epoch of a compact date; NaN when it is none. */
export function parseCompactDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** The key of a day, region and service. */
export function signingKey(secret: string, day: string, region: string, service: string): Buffer {
  const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request');
}

/** The scope in which a key signs. */
export const scopeOf = ({ day, region, service }: Pick<SignatureParts, 'day' | 'region' | 'service'>): string =>
  `${day}/${region}/${service}/aws4_request`;

/** Hexadecimal SHA-256. */
export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** Hexadecimal HMAC-SHA-256. */
export const sign = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('hex');

/** Compares signatures in constant time. */
export function isSame(given: string, made: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(made)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The signature that a request ought to have. */
export function signatureOf(parts: SignatureParts, request: SignedRequest, key: Buffer): string {
  const text = [algorithm, parts.date, scopeOf(parts), sha256(canonicalRequest(parts, request))].join('\n');
  return sign(key, text);
}

/** The canonical request (AWS: "Create a canonical request"). */
export function canonicalRequest(parts: SignatureParts, { method, path, query, headers, host }: SignedRequest): string {
  const lines = parts.signedHeaders.map((name) => {
    const value = name === 'host' ? host : headers[name];
    const text = Array.isArray(value) ? value.join(',') : (value ?? '');
    return `${name}:${text.trim().replace(/\s+/g, ' ')}\n`;
  });
  return [
    method,
    path.split('/').map(recode).join('/'),
    canonicalQuery(query),
    lines.join(''),
    parts.signedHeaders.join(';'),
    parts.payloadHash,
  ].join('\n');
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [recode(name), recode(value)] as const;
    })
    .filter(([name]) => name !== 'X-Amz-Signature')
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Brings escapes into the one form that signatures have: everything but unreserved characters, in capitals. */
function recode(text: string): string {
  let plain = text;
  try {
    plain = decodeURIComponent(text);
  } catch {
    // Escapes that are none were signed as they are, if at all.
  }
  return encodeURIComponent(plain).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
