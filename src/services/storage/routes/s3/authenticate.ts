import { requestContext } from '#kernel/http';
import { storageError } from '../../errors.ts';
import type { Scope } from '../../sql/scope.ts';
import {
  isSame,
  parseCompactDate,
  readCredential,
  readHeaderSignature,
  readQuerySignature,
  type SignatureParts,
  sha256,
  sign,
  signatureOf,
  signingKey,
} from '../../wire/s3/signature.ts';
import { type Exchange, forwardedHost, headerOf, recognise, splitUrl } from '../exchange.ts';

/** Who asks by the S3 protocol, and what the body's signatures are tied to. */
export interface S3Caller {
  readonly scope: Scope;
  readonly signature: SignatureParts;
  readonly key: Buffer;
}

/** Longest life of a presigned URL, in seconds. */
const longestExpiry = 604_800;

/**
 * Finds out who asks.
 *
 * @param service the one that has to be in the signature
 * @param body where it was read already: it has to be what was signed, and its hash need not stand in a header
 * @throws AccessDenied, SignatureDoesNotMatch, RequestTimeTooSkewed, XAmzContentSHA256Mismatch
 */
export async function authenticate(exchange: Exchange, service = 's3', body?: Buffer): Promise<S3Caller> {
  const { request, query, scope } = exchange;
  const read = readHeaderSignature(request.headers) ?? readQuerySignature(query, request.headers);
  if (!read) throw storageError('AccessDenied', { message: 'Missing signature' });
  if (read.service !== service)
    throw storageError('AccessDenied', { message: `The service of the credential must be ${service}` });
  const signature = body ? { ...read, payloadHash: sha256(body) } : read;
  assertTimely(exchange, signature);
  assertComplete(exchange, signature);
  if (body && read.payloadHash !== '' && read.payloadHash !== signature.payloadHash)
    throw storageError('XAmzContentSHA256Mismatch');
  const secret = secretOf(exchange, signature);
  const key = keyFor(exchange, signature, secret);
  const [path, rawQuery] = splitUrl(requestContext(request).originalUrl);
  const made = candidates(exchange, path).map(([candidate, host]) =>
    signatureOf(
      signature,
      {
        method: request.method ?? '',
        path: candidate,
        query: rawQuery,
        headers: signedView(exchange),
        host,
      },
      key,
    ),
  );
  if (!made.some((each) => isSame(signature.signature, each))) throw storageError('SignatureDoesNotMatch');
  const caller = await callerOf(exchange, signature);
  return { signature, key, scope: { ...scope, ...caller } };
}

/**
 * Finds out in whose name a form was made: its policy is what is signed.
 *
 * @param fields by their names in lower case
 * @throws AccessDenied, SignatureDoesNotMatch
 */
export async function authenticateForm(
  exchange: Exchange,
  fields: ReadonlyMap<string, string>,
  policy: string,
): Promise<Scope> {
  const credential = readCredential(fields.get('x-amz-credential'));
  if (!credential || fields.get('x-amz-algorithm') !== 'AWS4-HMAC-SHA256')
    throw storageError('AccessDenied', { message: 'Missing signature' });
  const parts = { ...credential, securityToken: fields.get('x-amz-security-token') };
  if (parts.service !== 's3')
    throw storageError('AccessDenied', { message: 'The service of the credential must be s3' });
  const key = keyFor(exchange, parts, secretOf(exchange, parts));
  if (!isSame(fields.get('x-amz-signature') ?? '', sign(key, policy))) throw storageError('SignatureDoesNotMatch');
  return { ...exchange.scope, ...(await callerOf(exchange, parts)) };
}

/** The key of an accepted region; any other is answered with the server's own, and so does not match. */
function keyFor(
  { context }: Exchange,
  { day, region, service }: Pick<SignatureParts, 'day' | 'region' | 'service'>,
  secret: string,
): Buffer {
  const { region: own, s3EnforceRegion } = context.settings;
  const accepted = s3EnforceRegion ? [own] : [own, 'auto', 'us-east-1', ''];
  return signingKey(secret, day, accepted.includes(region) ? region : own, service);
}

function assertTimely({ context }: Exchange, { date, expires, day }: SignatureParts): void {
  const signed = parseCompactDate(date);
  const now = context.clock.now();
  if (Number.isNaN(signed) || !date.startsWith(day))
    throw storageError('AccessDenied', { message: 'AWS authentication requires a valid Date or x-amz-date header' });
  if (expires === undefined) {
    if (Math.abs(now - signed) > context.settings.s3ClockSkew) throw storageError('RequestTimeTooSkewed');
    return;
  }
  if (!Number.isSafeInteger(expires) || expires < 1 || expires > longestExpiry)
    throw storageError('InvalidRequest', { message: `X-Amz-Expires must be between 1 and ${longestExpiry} seconds` });
  if (signed - now > context.settings.s3ClockSkew)
    throw storageError('AccessDenied', { message: 'Request is not yet valid' });
  if (now > signed + expires * 1_000) throw storageError('AccessDenied', { message: 'Request has expired' });
}

/** The host, and every header of this protocol that came, has to be among what was signed. */
function assertComplete({ request }: Exchange, { signedHeaders, expires, payloadHash }: SignatureParts): void {
  const unsigned = Object.keys(request.headers).filter(
    (name) => name.startsWith('x-amz-') && !signedHeaders.includes(name) && name !== 'x-amz-content-sha256',
  );
  if (!signedHeaders.includes('host') || (unsigned.length > 0 && expires === undefined))
    throw storageError('AccessDenied', {
      message: 'There were headers present in the request which were not signed',
    });
  if (signedHeaders.some((name) => name !== 'host' && request.headers[name] === undefined))
    throw storageError('SignatureDoesNotMatch');
  if (payloadHash === '')
    throw storageError('InvalidRequest', { message: 'Missing required header for this request: x-amz-content-sha256' });
}

/** The secret of an access key. @throws AccessDenied */
function secretOf(
  { context }: Exchange,
  { accessKey, securityToken }: Pick<SignatureParts, 'accessKey' | 'securityToken'>,
): string {
  const { s3KeyId, s3KeySecret, tenantId, anonKey } = context.settings;
  if (securityToken !== undefined && accessKey === tenantId && anonKey !== undefined) return anonKey;
  if (securityToken === undefined && s3KeyId !== undefined && s3KeySecret !== undefined && isSame(accessKey, s3KeyId))
    return s3KeySecret;
  throw storageError('AccessDenied', { message: 'Invalid Access Key' });
}

/** In whose name somebody with a good signature asks. @throws AccessDenied */
async function callerOf(
  { context, verifier }: Exchange,
  { securityToken }: Pick<SignatureParts, 'securityToken'>,
): Promise<Pick<Scope, 'role' | 'claims' | 'token'>> {
  if (securityToken === undefined) return { role: 'service_role', claims: { role: 'service_role' }, token: '' };
  const { role, claims, token } = await recognise(context, verifier, securityToken);
  return { role, claims, token };
}

/** Paths and hosts that the client may have signed, likeliest first. */
function candidates(exchange: Exchange, original: string): (readonly [string, string])[] {
  const { request, context, prefix } = exchange;
  const { settings } = context;
  const [bare] = splitUrl(request.url ?? '/');
  const paths = new Set([original, `${settings.s3ProtocolPrefix}${bare}`, `${prefix}${bare}`, bare]);
  const forwarded = settings.s3AllowForwarded
    ? /host="?([^";,]+)/i.exec(headerOf(request, 'forwarded') ?? '')?.[1]
    : undefined;
  const named = settings.s3HostHeader && headerOf(request, settings.s3HostHeader.toLowerCase());
  const fromPublic = settings.publicUrl === undefined ? undefined : new URL(settings.publicUrl).host;
  const hosts = new Set(
    [forwarded, named, forwardedHost(request), headerOf(request, 'host'), fromPublic].filter(
      (host): host is string => typeof host === 'string' && host !== '',
    ),
  );
  return [
    ...[...hosts].flatMap((host) => [...paths].map((path) => [path, host] as const)),
    // s3cmd takes an endpoint's path for a part of the host.
    ...[...hosts].map((host) => [bare.replace(/^\/s3/, '') || '/', `${host}${prefix}/s3`] as const),
  ];
}

/** Headers as the client sent them, where a proxy is known to change one. */
function signedView({ request }: Exchange) {
  const original = request.headers['x-original-accept-encoding'];
  return original === undefined ? request.headers : { ...request.headers, 'accept-encoding': original };
}
