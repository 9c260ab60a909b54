import { randomUUID } from 'node:crypto';
import { ServiceError } from '#kernel/errors';
import { authError, OAuthError } from '../../errors.ts';
import { type ExternalFlowRow, finishExternalFlow, takeClientState, takeExternalFlow } from '../../sql/flow-states.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { findUserByToken } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { millisecondsOf } from '../instant.ts';
import { withCallbackFailure, withCode, withFailure, withTokens } from '../redirect-answer.ts';
import { type Grant, signedIn, startSession } from '../session/issue.ts';
import { confirmEmail } from '../user/confirm.ts';
import { refreshProviders } from '../user/create.ts';
import { isUuid } from '../uuid.ts';
import { challengeOfFlow } from './authorize.ts';
import { isBound } from './binding.ts';
import { exchangeProviderCode, readProfile } from './client.ts';
import { findProvider } from './configured.ts';
import { enter } from './enter.ts';
import { linkToUser, notifyLinked } from './link-identity.ts';
import type { Profile } from './profile.ts';
import type { ExternalProvider, ProviderTokens } from './provider.ts';
import { addIdentity, againOnRivalry } from './sign-in.ts';
import { accessToken, asProviderTokens, signedGet } from './twitter.ts';

/** Where a browser goes that came back from a provider. */
export interface CallbackAnswer {
  readonly status: 302 | 303;
  readonly location: string;
}

/** Least time a sign-in may take, in milliseconds. */
const leastLife = 300_000;
/** Time that the secret of an outgoing request is good, in milliseconds. */
const clientStateLife = 300_000;

/**
 * Ends a sign-in with a provider. Whoever comes with a state that is none of ours goes to the site; everybody else goes
 * where the sign-in was meant to end, with tokens, a code or an error.
 *
 * @param parameters query of the request, or its form
 * @param cookies header of the request
 */
export async function completeExternalSignIn(
  context: AuthContext,
  caller: Caller,
  parameters: URLSearchParams,
  cookies: string | undefined,
): Promise<CallbackAnswer> {
  let flow: ExternalFlowRow;
  try {
    flow = await takeFlow(context, parameters.get('state') ?? '', cookies);
  } catch (error) {
    return { status: 303, location: withFailure(context.settings.siteUrl, error, true) };
  }
  const target = context.settings.externalRedirectUrl ?? (flow.referrer || context.settings.siteUrl);
  try {
    return { status: 302, location: await complete(context, { ...caller, redirectTo: target }, flow, parameters) };
  } catch (error) {
    const level = error instanceof ServiceError && error.status >= 500 ? 'error' : 'info';
    context.log[level]({ err: (error as Error).cause ?? error, provider: flow.provider_type }, 'a sign-in was refused');
    return { status: 302, location: withCallbackFailure(target, error) };
  }
}

async function takeFlow(context: AuthContext, state: string, cookies: string | undefined): Promise<ExternalFlowRow> {
  if (state === '') throw authError('bad_oauth_callback');
  if (!isUuid(state)) throw authError('bad_oauth_state');
  // Asked before the state is used up: whoever began may still finish.
  if (!context.binding.fits(state, cookies)) throw authError('bad_oauth_state');
  const flow = await takeExternalFlow(context.db, state, 'oauth', nowOf(context));
  if (flow === 'used') throw authError('flow_state_already_used');
  const life = Math.max(leastLife, context.settings.flowStateExpiry);
  if (!flow || millisecondsOf(flow.created_at) + life < context.clock.now()) throw authError('bad_oauth_state');
  const isForAnybody = !isBound(state) && (flow.linking_target_id !== null || !challengeOfFlow(flow));
  if (isForAnybody && context.settings.bindSignIns === 'all') throw authError('bad_oauth_state');
  return flow;
}

async function complete(
  context: AuthContext,
  caller: Caller,
  flow: ExternalFlowRow,
  parameters: URLSearchParams,
): Promise<string> {
  const error = parameters.get('error');
  if (error) throw new OAuthError(error, parameters.get('error_description') ?? '');
  const provider = await providerOf(context, flow);
  const secret = await secretOf(context, flow);
  const { tokens, profile } = await ask(context, provider, secret, parameters);
  if (profile.emails.length === 0 && !flow.email_optional)
    throw authError('unexpected_failure', { message: 'Error getting user email from external provider' });
  const challenge = challengeOfFlow(flow);
  const finish = async (sql: Sql, user: User): Promise<Grant | string> => {
    if (!challenge) return startSession(context, sql, user, 'oauth', caller);
    const code = randomUUID();
    await finishExternalFlow(sql, flow.id, user.id, code, tokens, nowOf(context));
    return code;
  };
  const outcome = await (isForKnownUser(flow)
    ? againOnRivalry(() =>
        context.db.transaction(async (sql) =>
          finish(sql, await joinKnown(context, sql, caller, flow, provider, profile)),
        ),
      )
    : enter(
        context,
        caller,
        { provider: provider.name, profile, emailOptional: flow.email_optional, challenge },
        finish,
      ));
  if (flow.linking_target_id !== null) await notifyLinked(context, flow.linking_target_id, provider.name);
  if (typeof outcome === 'string') return withCode(caller.redirectTo, outcome);
  const { body } = await signedIn(context, outcome, {
    providerToken: tokens.accessToken,
    providerRefreshToken: tokens.refreshToken,
  });
  return withTokens(caller.redirectTo, body);
}

async function providerOf(context: AuthContext, flow: ExternalFlowRow): Promise<ExternalProvider> {
  try {
    return await findProvider(context, flow.provider_type);
  } catch (error) {
    throw authError('oauth_provider_not_supported', { message: (error as Error).message, cause: error });
  }
}

async function secretOf(context: AuthContext, flow: ExternalFlowRow): Promise<string | undefined> {
  if (flow.oauth_client_state_id === null) return undefined;
  const state = await takeClientState(context.db, flow.oauth_client_state_id);
  if (!state) throw authError('oauth_client_state_not_found');
  if (millisecondsOf(state.created_at) + clientStateLife < context.clock.now())
    throw authError('oauth_client_state_expired');
  if (state.provider_type !== flow.provider_type) throw authError('oauth_invalid_state');
  return state.code_verifier ?? undefined;
}

async function ask(
  context: AuthContext,
  provider: ExternalProvider,
  secret: string | undefined,
  parameters: URLSearchParams,
): Promise<{ tokens: ProviderTokens; profile: Profile }> {
  if (provider.oauth1) return askTwitter(context, provider, secret ?? '', parameters);
  const code = parameters.get('code');
  if (!code) throw authError('bad_oauth_callback', { message: 'OAuth callback with missing authorization code' });
  let tokens: ProviderTokens;
  try {
    tokens = await exchangeProviderCode(context, provider, code, secret);
  } catch (error) {
    throw authError('unexpected_failure', { message: 'Unable to exchange external code', cause: error });
  }
  const profile = await readOrFail(readProfile(context, provider, tokens));
  return { tokens, profile: withAppleName(profile, parameters.get('user')) };
}

async function askTwitter(
  context: AuthContext,
  provider: ExternalProvider,
  secret: string,
  parameters: URLSearchParams,
): Promise<{ tokens: ProviderTokens; profile: Profile }> {
  const [token = '', tokenSecret = ''] = secret.split(' ');
  const verifier = parameters.get('oauth_verifier');
  if (!verifier || parameters.get('oauth_token') !== token) throw authError('bad_oauth_callback');
  try {
    const access = await accessToken(context, provider, { token, secret: tokenSecret }, verifier);
    const tokens = asProviderTokens(access);
    const get = signedGet(context, provider, access);
    return { tokens, profile: await readOrFail(readProfile(context, provider, tokens, get)) };
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw authError('unexpected_failure', { message: 'Unable to exchange external code', cause: error });
  }
}

async function readOrFail(profile: Promise<Profile>): Promise<Profile> {
  try {
    return await profile;
  } catch (error) {
    throw authError('unexpected_failure', {
      message: 'Error getting user profile from external provider',
      cause: error,
    });
  }
}

/** Apple tells a name once, in a form field that it does not sign; it is good for nothing but a name. */
function withAppleName(profile: Profile, field: string | null): Profile {
  if (!field || profile.name) return profile;
  try {
    const { name } = JSON.parse(field) as { name?: { firstName?: unknown; lastName?: unknown } };
    const parts = [name?.firstName, name?.lastName].filter((part): part is string => typeof part === 'string');
    return { ...profile, name: parts.join(' ').slice(0, 500) };
  } catch {
    return profile;
  }
}

const isForKnownUser = (flow: ExternalFlowRow): boolean =>
  flow.linking_target_id !== null || Boolean(flow.invite_token);

async function joinKnown(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  flow: ExternalFlowRow,
  provider: ExternalProvider,
  profile: Profile,
): Promise<User> {
  if (flow.linking_target_id === null) return acceptInvite(context, sql, flow.invite_token ?? '', provider, profile);
  return linkToUser(context, sql, flow.linking_target_id, provider.name, profile, caller.ip ?? '');
}

/** Signs somebody in who was invited; the provider has to know them by the address that the invitation went to. */
async function acceptInvite(
  context: AuthContext,
  sql: Sql,
  token: string,
  provider: ExternalProvider,
  profile: Profile,
): Promise<User> {
  const user = await findUserByToken(sql, token, ['confirmation_token']);
  if (!user) throw authError('invite_not_found');
  const invited = user.email?.toLowerCase();
  if (!profile.emails.some(({ email }) => email === invited))
    throw authError('validation_failed', { message: 'Invited email does not match emails from external provider' });
  await addIdentity(context, sql, user.id, { provider: provider.name, profile });
  await audit(context, sql, user, 'invite_accepted', { provider: provider.name });
  await confirmEmail(context, sql, user);
  return refreshProviders(context, sql, user.id);
}
