import { randomUUID } from 'node:crypto';
import { authError } from '../../errors.ts';
import { findPasskey, findPasskeys, insertPasskey } from '../../sql/passkeys.ts';
import type { Metadata } from '../../sql/rows.ts';
import { lockUser } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import type { FactorHolder } from '../mfa/access.ts';
import type { WireObject } from '../user-view.ts';
import { checkCreation, creationOptions } from '../webauthn/ceremony.ts';
import { relyingParty } from '../webauthn/relying-party.ts';
import { assertMayManage, passkeyView } from './access.ts';
import { nameOfAuthenticator } from './authenticators.ts';
import { closeCeremony, keyOf, openCeremony } from './challenge.ts';

/** Options for making a passkey. @throws too_many_passkeys */
export async function startRegistration(context: AuthContext, holder: FactorHolder): Promise<WireObject> {
  assertMayManage(context, holder);
  const { user } = holder;
  const passkeys = await findPasskeys(context.db, user.id);
  if (passkeys.length >= context.settings.passkeyMax) throw authError('too_many_passkeys');
  const ceremony = await creationOptions(relyingParty(context.settings), user, {
    known: passkeys.map(keyOf),
    timeout: context.settings.webauthnExpiry,
    isPasskey: true,
  });
  return openCeremony(context, 'registration', user.id, ceremony);
}

/**
 * Adds the passkey that a browser has made.
 *
 * @throws webauthn_challenge_not_found, webauthn_challenge_expired, webauthn_verification_failed,
 *   webauthn_credential_exists, too_many_passkeys
 */
export async function finishRegistration(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  answer: { readonly challengeId: string; readonly credential: Metadata | undefined },
): Promise<WireObject> {
  assertMayManage(context, holder);
  const { user } = holder;
  const challenge = await closeCeremony(context, 'registration', user.id, answer.challengeId);
  const key = await checkCreation(relyingParty(context.settings), challenge, answer.credential ?? {});
  if (!key) throw authError('webauthn_verification_failed');
  const id = randomUUID();
  const row = await context.db.transaction(async (sql) => {
    await lockUser(sql, user.id);
    if ((await findPasskeys(sql, user.id)).length >= context.settings.passkeyMax) throw authError('too_many_passkeys');
    const passkey = {
      id,
      userId: user.id,
      credentialId: Buffer.from(key.id, 'base64url'),
      publicKey: Buffer.from(key.publicKey),
      aaguid: key.aaguid,
      counter: key.counter,
      transports: key.transports,
      backupEligible: key.backupEligible,
      backedUp: key.backedUp,
      friendlyName: nameOfAuthenticator(key.aaguid),
    };
    if (!(await insertPasskey(sql, passkey, nowOf(context)))) throw authError('webauthn_credential_exists');
    await audit(context, sql, user, 'passkey_created', { passkey_id: id }, caller.ip ?? '');
    return findPasskey(sql, id, user.id);
  });
  if (!row) throw authError('unexpected_failure');
  return passkeyView(row);
}
