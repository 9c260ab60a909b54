import { hash, timingSafeEqual } from 'node:crypto';
import { isOpaque, type KnownKey } from './api-keys.ts';

/** What to do with a request's `Authorization` header. */
export type Authorization =
  | { readonly kind: 'keep' }
  | { readonly kind: 'set'; readonly value: string }
  | { readonly kind: 'remove' }
  | { readonly kind: 'refuse' };

const keep: Authorization = { kind: 'keep' };

/**
 * Decides the `Authorization` a room sees. A session token wins over the key; a missing one is made from the key; an
 * opaque key in its place is replaced by the JWT of its role; an empty one is removed, so that presigned URLs work.
 *
 * @param header as sent
 * @param key the recognised `apikey`, if any
 * @param find looks up a key that stands in `Authorization` itself
 */
export function decideAuthorization(
  header: string | undefined,
  key: KnownKey | undefined,
  find: (key: string) => KnownKey | undefined,
): Authorization {
  const fromKey: Authorization = key?.token ? { kind: 'set', value: `Bearer ${key.token}` } : keep;
  if (header === undefined) return fromKey;
  const trimmed = header.trim();
  if (trimmed === '' || /^bearer$/i.test(trimmed)) return key?.token ? fromKey : { kind: 'remove' };
  const bearer = /^bearer\s+(\S+)$/i.exec(trimmed)?.[1];
  if (bearer === undefined || !isOpaque(bearer)) return keep;
  const named = find(bearer);
  return named?.token ? { kind: 'set', value: `Bearer ${named.token}` } : { kind: 'refuse' };
}

/** Checks HTTP Basic credentials (RFC 7617) in constant time. */
export function checkBasic(
  header: string | undefined,
  username: string,
  password: string | undefined,
): 'ok' | 'missing' | 'wrong' {
  if (header === undefined || header === '') return 'missing';
  const encoded = /^basic\s+([A-Za-z0-9+/=_-]+)$/i.exec(header.trim())?.[1];
  if (encoded === undefined || !password) return 'wrong';
  const given = digestOf(Buffer.from(encoded, 'base64').toString('utf8'));
  return timingSafeEqual(given, digestOf(`${username}:${password}`)) ? 'ok' : 'wrong';
}

const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer');
