import { createHash, createHmac } from 'node:crypto';
import { imgproxyError } from '../../errors.ts';

/** An S3-compatible server that sources are on. */
export interface S3Server {
  /** URL, a path included where it has one. */
  readonly endpoint: string;
  readonly region: string;
  /** The bucket stands in the path, not in the host name. */
  readonly pathStyle: boolean;
  /** Empty: all. */
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
  /** Undefined: asked as anybody. */
  readonly key?: { readonly id: string; readonly secret: string; readonly sessionToken: string | undefined };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const bucketName = /^[a-z0-9_][\w.-]{1,253}[a-z0-9_]$/i;
/** Of a body that is empty. */
const emptyHash = createHash('sha256').update('').digest('hex');

/**
 * The request for an object: `s3://bucket/key`, with the version behind a question mark where one is asked for. Signed by AWS
 * Signature Version 4 where there is a key.
 *
 * @throws ServiceError source_unreachable, source_not_allowed
 */
export function s3Request(
  source: string,
  server: S3Server,
): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
  const match = /^s3:\/\/([^/?]+)\/([^?]+)(?:\?(?:versionId=)?(.*))?$/is.exec(source);
  const [, bucket = '', key = '', version = ''] = match ?? [];
  // A URL would leave the bucket by these.
  if (!bucketName.test(bucket) || /(^|\/)\.{1,2}(\/|$)/.test(key))
    throw imgproxyError('source_unreachable', { details: 'The source is no s3://bucket/key' });
  if (server.denied.includes(bucket) || (server.allowed.length > 0 && !server.allowed.includes(bucket)))
    throw imgproxyError('source_not_allowed', { details: `Bucket ${bucket} is not among the allowed ones` });
  const base = new URL(server.endpoint);
  const host = server.pathStyle ? base.host : `${bucket}.${base.host}`;
  const folder = `${base.pathname.replace(/\/$/, '')}${server.pathStyle ? `/${bucket}` : ''}`;
  const path = `${folder}/${key.split('/').map(encode).join('/')}`;
  const query = version === '' ? '' : `versionId=${encode(version)}`;
  return {
    url: `${base.protocol}//${host}${path}${query && `?${query}`}`,
    headers: server.key ? signed(server.key, server, { host, path, query }) : {},
  };
}

function signed(
  { id, secret, sessionToken }: NonNullable<S3Server['key']>,
  { region, now }: S3Server,
  { host, path, query }: { readonly host: string; readonly path: string; readonly query: string },
): Readonly<Record<string, string>> {
  const date = new Date(now()).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers = {
    'x-amz-content-sha256': emptyHash,
    'x-amz-date': date,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const entries = Object.entries({ host, ...headers });
  const names = entries.map(([name]) => name).join(';');
  const lines = entries.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = ['GET', path, query, lines, names, emptyHash].join('\n');
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const signingKey = scope
    .split('/')
    .reduce<Buffer>((key, part) => createHmac('sha256', key).update(part).digest(), Buffer.from(`AWS4${secret}`));
  const signature = createHmac('sha256', signingKey).update(text).digest('hex');
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
