import { authError } from '../../errors.ts';
import { findPasskeyByCredential, notePasskeyUse, type PasskeyRow } from '../../sql/passkeys.ts';
import type { Metadata, User } from '../../sql/rows.ts';
import { findUser } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { type SignedIn, signedIn, startSession } from '../session/issue.ts';
import { isBanned, type WireObject } from '../user-view.ts';
import { checkAssertion, type ProvenKey, requestOptions } from '../webauthn/ceremony.ts';
import { relyingParty } from '../webauthn/relying-party.ts';
import { assertPasskeys } from './access.ts';
import { closeCeremony, keyOf, openCeremony } from './challenge.ts';

/** Options for signing in with whichever passkey the browser has. */
export async function startSignIn(context: AuthContext): Promise<WireObject> {
  assertPasskeys(context);
  const { settings } = context;
  const ceremony = await requestOptions(relyingParty(settings), { known: [], timeout: settings.webauthnExpiry });
  return openCeremony(context, 'authentication', null, ceremony);
}

/**
 * Signs in whom a passkey belongs to. The session stays at the first level.
 *
 * @throws webauthn_challenge_not_found, webauthn_challenge_expired, webauthn_verification_failed, user_banned
 */
export async function finishSignIn(
  context: AuthContext,
  caller: Caller,
  answer: { readonly challengeId: string; readonly credential: Metadata | undefined },
): Promise<SignedIn> {
  assertPasskeys(context);
  const challenge = await closeCeremony(context, 'authentication', null, answer.challengeId);
  const found = await prove(context, challenge, answer.credential ?? {});
  if (!found || found.user.aud !== caller.aud) throw authError('webauthn_verification_failed');
  const { passkey, proven, user } = found;
  if (isBanned(user, context.clock.now())) throw authError('user_banned', { status: 400 });
  if (proven.isSuspect) context.log.warn({ passkey: passkey.id }, 'the counter of a passkey went back');
  const grant = await context.db.transaction(async (sql) => {
    await notePasskeyUse(sql, passkey.id, proven, nowOf(context));
    await audit(context, sql, user, 'login', { provider: 'passkey' });
    return startSession(context, sql, user, 'passkey', caller);
  });
  return signedIn(context, grant);
}

async function prove(
  context: AuthContext,
  challenge: string,
  credential: Metadata,
): Promise<{ passkey: PasskeyRow; proven: ProvenKey; user: User } | undefined> {
  const { id, response } = credential;
  // Longer than any authenticator makes them (WebAuthn §4, "Credential ID"): no need to ask for.
  if (typeof id !== 'string' || id === '' || id.length > 1_400) return undefined;
  const passkey = await findPasskeyByCredential(context.db, Buffer.from(id, 'base64url'));
  if (!passkey) return undefined;
  const handle = (response as Metadata | undefined)?.userHandle;
  // The authenticator says whose key it is, and must not be wrong about it (WebAuthn §7.2, step 6).
  if (typeof handle === 'string' && handle !== Buffer.from(passkey.user_id).toString('base64url')) return undefined;
  const proven = await checkAssertion(relyingParty(context.settings), challenge, credential, keyOf(passkey));
  const user = proven && (await findUser(context.db, passkey.user_id));
  return user && { passkey, proven, user };
}
