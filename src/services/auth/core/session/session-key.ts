import { randomBytes } from 'node:crypto';
import type { SessionRow } from '../../sql/rows.ts';
import type { ColumnCipher } from '../column-cipher.ts';

const keyLength = 32;

/** The key that a session's refresh tokens of form 2 are signed with. */
export interface SessionKey {
  readonly key: Buffer;
  /** What is to be stored; undefined where that is stored already. */
  readonly stored: string | undefined;
}

const store = (columns: ColumnCipher, sessionId: string, key: Buffer): string =>
  columns.encrypts ? columns.seal(sessionId, key) : key.toString('base64url');

/** Makes a key for a session. */
export function newSessionKey(columns: ColumnCipher, sessionId: string): SessionKey & { readonly stored: string } {
  const key = randomBytes(keyLength);
  return { key, stored: store(columns, sessionId, key) };
}

/**
 * The key of a session; undefined where its tokens are not of form 2.
 *
 * @throws Error when it is encrypted with a key that is not configured
 */
export function openSessionKey(
  columns: ColumnCipher,
  { id, refresh_token_hmac_key: stored }: Pick<SessionRow, 'id' | 'refresh_token_hmac_key'>,
): SessionKey | undefined {
  if (!stored) return undefined;
  const { plain, isStale } = columns.open(id, stored);
  // Encrypted keys may be the bytes themselves.
  const key = plain.length === keyLength ? plain : Buffer.from(plain.toString('latin1'), 'base64url');
  if (key.length !== keyLength) throw new Error('the key of a session has not 32 bytes');
  return { key, stored: isStale ? store(columns, id, key) : undefined };
}
