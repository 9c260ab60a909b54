import { authError, invalid } from '../../errors.ts';
import { type FactorSecrets, findFactorSecrets, storeCredential } from '../../sql/challenges.ts';
import type { FactorRow, Metadata, Sql, User } from '../../sql/rows.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import type { SignedIn } from '../session/issue.ts';
import type { WireObject } from '../user-view.ts';
import { type Ceremony, checkAssertion, checkCreation, creationOptions, requestOptions } from '../webauthn/ceremony.ts';
import { relyingParty } from '../webauthn/relying-party.ts';
import type { FactorHolder } from './access.ts';
import { openChallenge } from './challenge.ts';
import { decodeKey, encodeKey } from './key-credential.ts';
import { answerChallenge, type Check } from './verify.ts';

/** Challenges a security key: to be made while the factor is new, to prove itself afterwards. */
export async function challengeKey(
  context: AuthContext,
  caller: Caller,
  user: User,
  factor: FactorRow,
): Promise<WireObject> {
  const isNew = factor.status !== 'verified';
  const { options, challenge } = await (isNew ? creation(context, user) : request(context, factor));
  const type = isNew ? 'create' : 'request';
  const sessionData = { challenge, type, user_id: user.id };
  const { id, expires_at } = await openChallenge(context, caller, user, factor, { sessionData });
  return { id, type: 'webauthn', expires_at, webauthn: { type, credential_options: { publicKey: options } } };
}

async function creation(context: AuthContext, user: User): Promise<Ceremony> {
  const others = user.factors.filter(({ factor_type, status }) => factor_type === 'webauthn' && status === 'verified');
  const secrets = await Promise.all(others.map(({ id }) => findFactorSecrets(context.db, id)));
  const known = secrets.flatMap((secret) => decodeKey(secret?.web_authn_credential) ?? []);
  const timeout = context.settings.mfaChallengeExpiry;
  return creationOptions(relyingParty(context.settings), user, { known, timeout, isPasskey: false });
}

async function request(context: AuthContext, factor: FactorRow): Promise<Ceremony> {
  const key = decodeKey((await findFactorSecrets(context.db, factor.id))?.web_authn_credential);
  if (!key) throw authError('unexpected_failure', { message: 'This factor has no credential' });
  const timeout = context.settings.mfaChallengeExpiry;
  return requestOptions(relyingParty(context.settings), { known: [key], timeout });
}

/** Checks what a browser answered for a security key. */
export async function verifyKey(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  factor: FactorRow,
  request: { readonly challengeId: string; readonly answer: Metadata | undefined },
): Promise<SignedIn> {
  const { type, credential_response: response } = request.answer ?? {};
  if (type !== 'create' && type !== 'request') throw invalid('webauthn.type must be create or request');
  if (typeof response !== 'object' || response === null || Array.isArray(response))
    throw invalid('webauthn.credential_response is required');
  return answerChallenge(context, caller, holder, {
    factor,
    challengeId: request.challengeId,
    failure: 'Invalid WebAuthn response',
    async check(_sql, { web_authn_session_data: data }, secrets) {
      if ((type === 'create') !== (factor.status !== 'verified'))
        throw invalid(`webauthn.type ${type} does not fit this factor`);
      if (typeof data?.challenge !== 'string' || data.type !== type) return { valid: false };
      const exchange = { type, challenge: data.challenge, credential_response: response };
      return checkResponse(context, factor, exchange, response as Metadata, secrets);
    },
  });
}

async function checkResponse(
  context: AuthContext,
  factor: FactorRow,
  exchange: { readonly type: string; readonly challenge: string },
  response: Metadata,
  secrets: FactorSecrets,
): Promise<Check> {
  const party = relyingParty(context.settings);
  const store = (credential: Metadata, aaguid: string | null) => (sql: Sql) =>
    storeCredential(sql, factor.id, credential, aaguid, exchange, nowOf(context));
  if (exchange.type === 'create') {
    const made = await checkCreation(party, exchange.challenge, response);
    return made ? { valid: true, settle: store(encodeKey(made), made.aaguid) } : { valid: false };
  }
  const key = decodeKey(secrets.web_authn_credential);
  const proven = key && response.id === key.id && (await checkAssertion(party, exchange.challenge, response, key));
  if (!key || !proven) return { valid: false };
  if (proven.isSuspect) context.log.warn({ factor: factor.id }, 'the counter of a security key went back');
  const { counter, backedUp, isSuspect } = proven;
  return { valid: true, settle: store(encodeKey({ ...key, counter, backedUp }, isSuspect), key.aaguid) };
}
