import { authError, invalid } from '../errors.ts';
import { deleteFlowState, givenWith, lockFlowByCode } from '../sql/flow-states.ts';
import { findUser, findUserByEmail, findUserByPhone } from '../sql/users.ts';
import { audit } from './audit.ts';
import type { AuthContext, Caller } from './context.ts';
import { judgePassword } from './hooks/verdict.ts';
import { millisecondsOf } from './instant.ts';
import { findWeakness } from './password-rules.ts';
import { verifierFits } from './pkce.ts';
import { type SignedIn, signedIn, startSession } from './session/issue.ts';
import { isPasswordOf, renewHash } from './user/password-column.ts';
import { isBanned } from './user-view.ts';

/**
 * Signs in with a password. Whoever is unknown, has no password or gives a wrong one gets the same answer after the same
 * work; that an account is banned or unconfirmed is told only to who knows the password.
 */
export async function signInWithPassword(
  context: AuthContext,
  caller: Caller,
  request: { readonly email: string; readonly phone: string; readonly password: string },
): Promise<SignedIn> {
  const { settings } = context;
  if (request.email !== '' && request.phone !== '')
    throw invalid('Only an email address or phone number should be provided on login.');
  if (request.email === '' && request.phone === '') throw invalid('missing email or phone');
  const byEmail = request.email !== '';
  if (byEmail && !settings.emailEnabled) throw authError('email_provider_disabled');
  if (!byEmail && !settings.phoneEnabled) throw authError('phone_provider_disabled');
  const user = byEmail
    ? await findUserByEmail(context.db, request.email.toLowerCase(), caller.aud)
    : await findUserByPhone(context.db, request.phone.replace(/^\+|\s/g, ''), caller.aud);
  const fits = await isPasswordOf(context, user, request.password);
  if (user) await judgePassword(context, { user, valid: fits, ip: caller.ip });
  if (!user || !fits) throw authError('invalid_credentials');
  if (isBanned(user, context.clock.now())) throw authError('user_banned', { status: 400 });
  if (!settings.allowUnverifiedEmail && byEmail && user.email_confirmed_at === null)
    throw authError('email_not_confirmed');
  if (!byEmail && user.phone_confirmed_at === null) throw authError('phone_not_confirmed');
  const grant = await context.db.transaction(async (sql) => {
    await renewHash(context.columns, sql, user);
    await audit(context, sql, user, 'login', { provider: byEmail ? 'email' : 'phone' });
    return startSession(context, sql, user, 'password', caller);
  });
  return signedIn(context, grant, {
    weakness: await findWeakness(request.password, context.passwordRules, context.log),
  });
}

/** Least time an authorization code lives, in milliseconds. */
const leastCodeLife = 300_000;

/**
 * Exchanges an authorization code and the verifier that belongs to its challenge for a session (RFC 7636). Codes work
 * once; one that came too late is gone although the answer is an error.
 */
export async function exchangeCode(
  context: AuthContext,
  caller: Caller,
  authCode: string,
  verifier: string,
): Promise<SignedIn> {
  if (authCode === '' || verifier === '')
    throw invalid('invalid request: both auth code and code verifier should be non-empty');
  const outcome = await context.db.transaction(async (sql) => {
    const flow = await lockFlowByCode(sql, authCode);
    if (!flow || flow.user_id === null) return authError('flow_state_not_found');
    const life = Math.max(leastCodeLife, context.settings.flowStateExpiry);
    if (millisecondsOf(flow.auth_code_issued_at ?? flow.created_at) + life < context.clock.now()) {
      await deleteFlowState(sql, flow.id);
      return authError('flow_state_expired');
    }
    if (flow.code_challenge === null || flow.code_challenge_method === null) return authError('flow_state_not_found');
    const challenge = { challenge: flow.code_challenge, method: flow.code_challenge_method };
    if (!verifierFits(challenge, verifier)) return authError('bad_code_verifier');
    const user = await findUser(sql, flow.user_id);
    if (!user) return authError('flow_state_not_found');
    if (isBanned(user, context.clock.now())) return authError('user_banned', { status: 400 });
    await audit(context, sql, user, 'login', { provider_type: flow.authentication_method });
    const { notAfter, ...tokens } = givenWith(flow);
    const grant = await startSession(context, sql, user, flow.authentication_method, caller, { notAfter });
    await deleteFlowState(sql, flow.id);
    return { grant, tokens };
  });
  if (outcome instanceof Error) throw outcome;
  return signedIn(context, outcome.grant, outcome.tokens);
}
