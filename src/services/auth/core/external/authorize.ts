import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { authError, invalid } from '../../errors.ts';
import { insertClientState, insertExternalFlow } from '../../sql/flow-states.ts';
import { findUserByToken } from '../../sql/users.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { type CodeChallenge, readChallenge } from '../pkce.ts';
import { isBound } from './binding.ts';
import { findProvider } from './configured.ts';
import type { ExternalProvider } from './provider.ts';
import { requestToken } from './twitter.ts';

/** Parameters that only we set at a provider's authorization endpoint, whatever case they are written in. */
export const reservedParameters: ReadonlySet<string> = new Set([
  'client_id',
  'client_secret',
  'redirect_uri',
  'response_type',
  'state',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
]);

/** Parameters that are meant for us. */
const own: ReadonlySet<string> = new Set([
  'provider',
  'scopes',
  'redirect_to',
  'invite_token',
  'skip_http_redirect',
  'apikey',
]);

/**
 * Begins a sign-in with a provider.
 *
 * @param query of the request to `/authorize`
 * @param linkTo user who gets another identity instead of a session
 * @param browser host that a browser asked, where one does; undefined for programs
 * @returns the address at the provider where the browser goes, and a cookie for it
 * @throws validation_failed, invite_not_found
 */
export async function beginExternalSignIn(
  context: AuthContext,
  caller: Caller,
  query: URLSearchParams,
  { linkTo, browser }: { readonly linkTo?: string; readonly browser?: string | undefined } = {},
): Promise<{ readonly location: string; readonly cookie?: string }> {
  const provider = await findProvider(context, query.get('provider') ?? '');
  const challenge = readChallenge(query.get('code_challenge') ?? '', query.get('code_challenge_method') ?? '');
  const inviteToken = query.get('invite_token') ?? '';
  if (inviteToken !== '' && !(await findUserByToken(context.db, inviteToken, ['confirmation_token'])))
    throw authError('invite_not_found', { message: 'User identified by token not found' });
  const callback = new URL(provider.redirectUri);
  // A code is its beginner's alone; tokens, and another identity, are whoever's who comes back.
  const needsBinding = !challenge || linkTo !== undefined;
  // A cookie comes back only to the host that gave it.
  const isOfBrowser = browser === callback.host && context.settings.bindSignIns !== 'off';
  const state = context.binding.newState(needsBinding && isOfBrowser);
  const secret = await outgoingSecret(context, provider, state);
  const clientStateId = secret === undefined ? null : randomUUID();
  const flow = {
    id: state,
    provider: provider.name,
    method: 'oauth',
    challenge,
    referrer: caller.redirectTo,
    inviteToken,
    clientStateId,
    linkingTargetId: linkTo ?? null,
    emailOptional: provider.emailOptional,
  };
  await context.db.transaction(async (sql) => {
    const now = nowOf(context);
    if (clientStateId !== null && secret !== undefined)
      await insertClientState(sql, clientStateId, provider.name, secret, now);
    await insertExternalFlow(sql, flow, now);
  });
  const location = provider.oauth1
    ? `${provider.authorizeEndpoint}?oauth_token=${encodeURIComponent(tokenIn(secret))}`
    : authorizeUrl(provider, query, state, secret);
  return { location, ...(isBound(state) && { cookie: context.binding.cookieFor(state, callback) }) };
}

/** What has to be remembered of the outgoing request: nothing, a PKCE verifier, or a request token with its secret. */
async function outgoingSecret(
  context: AuthContext,
  provider: ExternalProvider,
  state: string,
): Promise<string | undefined> {
  if (provider.pkce) return randomBytes(32).toString('base64url');
  if (!provider.oauth1) return undefined;
  const callback = new URL(provider.redirectUri);
  callback.searchParams.set('state', state);
  try {
    const { token, secret } = await requestToken(context, provider, callback.href);
    return `${token} ${secret}`;
  } catch (error) {
    throw authError('unexpected_failure', { message: `Error asking ${provider.name} for a token`, cause: error });
  }
}

const tokenIn = (secret: string | undefined): string => secret?.split(' ', 1)[0] ?? '';

function authorizeUrl(
  provider: ExternalProvider,
  query: URLSearchParams,
  state: string,
  verifier: string | undefined,
): string {
  const url = new URL(provider.authorizeEndpoint);
  for (const [name, value] of Object.entries(provider.extra)) url.searchParams.set(name, value);
  for (const [name, value] of query) {
    const word = name.toLowerCase();
    if (own.has(word) || reservedParameters.has(word)) continue;
    url.searchParams.set(name === 'workos_provider' ? 'provider' : name, value);
  }
  url.searchParams.set('client_id', provider.clientIds[0] ?? '');
  url.searchParams.set('redirect_uri', provider.redirectUri);
  url.searchParams.set('response_type', 'code');
  url.searchParams.set('state', state);
  const scopes = scopesOf(provider.scopes, query.get('scopes') ?? '');
  if (scopes !== '') url.searchParams.set('scope', scopes);
  if (verifier !== undefined) {
    url.searchParams.set('code_challenge', createHash('sha256').update(verifier).digest('base64url'));
    url.searchParams.set('code_challenge_method', 'S256');
  }
  if (url.href.length > 8_192) throw invalid('The request has too many or too long parameters');
  return url.href;
}

/** The scopes asked for: the provider's own and those that a request adds, divided by commas or spaces. */
export const scopesOf = (standard: readonly string[], asked: string): string =>
  [...new Set([...standard, ...asked.split(/[\s,]+/).filter((scope) => scope !== '')])].join(' ');

/** The challenge of a flow, as it was stored. */
export const challengeOfFlow = (flow: {
  readonly code_challenge: string | null;
  readonly code_challenge_method: 's256' | 'plain' | null;
}): CodeChallenge | undefined =>
  flow.code_challenge && flow.code_challenge_method
    ? { challenge: flow.code_challenge, method: flow.code_challenge_method }
    : undefined;
