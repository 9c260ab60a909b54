import { randomUUID } from 'node:crypto';
import { authError } from '../../errors.ts';
import { insertPasskeyChallenge, type PasskeyRow, takePasskeyChallenge } from '../../sql/passkeys.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { instantAt, millisecondsOf } from '../instant.ts';
import type { WireObject } from '../user-view.ts';
import { isUuid } from '../uuid.ts';
import type { Ceremony, StoredKey } from '../webauthn/ceremony.ts';

type Kind = 'registration' | 'authentication';

/** Keeps a ceremony's challenge until its answer. @returns what the client is told */
export async function openCeremony(
  context: AuthContext,
  type: Kind,
  userId: string | null,
  { options, challenge }: Ceremony,
): Promise<WireObject> {
  const id = randomUUID();
  const expires = context.clock.now() + context.settings.webauthnExpiry;
  const kept = { id, userId, type, data: { challenge }, expiresAt: instantAt(expires) };
  await insertPasskeyChallenge(context.db, kept, nowOf(context));
  return { challenge_id: id, options, expires_at: Math.floor(expires / 1_000) };
}

/**
 * Takes a ceremony's challenge out, which works once, whatever comes of the answer.
 *
 * @throws webauthn_challenge_not_found, webauthn_challenge_expired
 */
export async function closeCeremony(
  context: AuthContext,
  type: Kind,
  userId: string | null,
  id: string,
): Promise<string> {
  const row = isUuid(id) ? await takePasskeyChallenge(context.db, id, type, userId) : undefined;
  if (!row || typeof row.session_data.challenge !== 'string') throw authError('webauthn_challenge_not_found');
  if (millisecondsOf(row.expires_at) < context.clock.now()) throw authError('webauthn_challenge_expired');
  return row.session_data.challenge;
}

/** A passkey as ceremonies know it. */
export const keyOf = (row: PasskeyRow): StoredKey => ({
  id: row.credential_id.toString('base64url'),
  publicKey: row.public_key,
  counter: row.sign_count,
  transports: row.transports,
});
