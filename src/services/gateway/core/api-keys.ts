import { timingSafeEqual } from 'node:crypto';

/** The database role a key stands for. */
export type KeyRole = 'anon' | 'service_role';

/** A key somebody sent, recognised. */
export interface KnownKey {
  readonly role: KeyRole;
  /** The JWT that carries the role to the rooms: the key itself, or what replaces an opaque one. */
  readonly token: string;
  /** True for `sb_…` keys, which no room understands. */
  readonly opaque: boolean;
}

/** The installation's keys as configured. */
export interface ConfiguredKeys {
  readonly anonKey?: string | undefined;
  readonly serviceRoleKey?: string | undefined;
  readonly publishableKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly anonKeyAsymmetric?: string | undefined;
  readonly serviceRoleKeyAsymmetric?: string | undefined;
}

/** Whether a text has the form of an opaque key. */
export const isOpaque = (key: string): boolean => key.startsWith('sb_');

/**
 * Builds the look-up of keys. Keys must equal one of the configured ones; signatures are not looked at. A comparison takes
 * the same time wherever two keys differ; their lengths are no secret.
 */
export function createKeyRing(keys: ConfiguredKeys): (key: string) => KnownKey | undefined {
  const anonToken = keys.anonKeyAsymmetric ?? keys.anonKey;
  const serviceToken = keys.serviceRoleKeyAsymmetric ?? keys.serviceRoleKey;
  const configured: readonly (readonly [string | undefined, KeyRole, string | undefined])[] = [
    [keys.anonKey, 'anon', anonToken],
    [keys.publishableKey, 'anon', anonToken],
    [keys.serviceRoleKey, 'service_role', serviceToken],
    [keys.secretKey, 'service_role', serviceToken],
  ];
  const ring: { bytes: Buffer; known: KnownKey }[] = [];
  for (const [key, role, token] of configured) {
    if (!key) continue;
    const opaque = isOpaque(key);
    ring.push({ bytes: Buffer.from(key), known: { role, opaque, token: opaque ? (token ?? '') : key } });
  }
  return (key) => {
    const sent = Buffer.from(key);
    let found: KnownKey | undefined;
    for (const { bytes, known } of ring)
      if (bytes.length === sent.length && timingSafeEqual(bytes, sent)) found ??= known;
    return found;
  };
}

/** The key of a request: header first, then query parameter. */
export type SentKey =
  | { readonly kind: 'none' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'key'; readonly key: string };

/**
 * Finds the key a request carries.
 *
 * @param rawHeaders names and values in turn, as Node gives them: joined headers would hide a repetition
 * @param query the query string without `?`
 */
export function extractKey(rawHeaders: readonly string[], query: string): SentKey {
  const sent: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 6 && name.toLowerCase() === 'apikey') sent.push(rawHeaders[index + 1] as string);
  }
  if (sent.length === 0 && query.includes('apikey=')) sent.push(...new URLSearchParams(query).getAll('apikey'));
  if (sent.length > 1) return { kind: 'duplicate' };
  return sent[0] ? { kind: 'key', key: sent[0] } : { kind: 'none' };
}

/** A query string without its `apikey` parameters, the others byte for byte as they were. */
export function withoutKey(query: string): string {
  if (!query.includes('apikey=')) return query;
  return query
    .split('&')
    .filter((parameter) => !parameter.startsWith('apikey='))
    .join('&');
}
