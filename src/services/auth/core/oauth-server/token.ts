import { ServiceError } from '#kernel/errors';
import { authError, OAuthError } from '../../errors.ts';
import { type AuthorizationRow, deleteAuthorization, lockAuthorizationByCode } from '../../sql/oauth-authorizations.ts';
import { findOAuthClient, type OAuthClientRow } from '../../sql/oauth-clients.ts';
import { findUser } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import type { AuthContext, Caller } from '../context.ts';
import { serviceUrl } from '../external-url.ts';
import { millisecondsOf } from '../instant.ts';
import { verifierFits } from '../pkce.ts';
import { type Grant, type SignedIn, signedIn, startSession } from '../session/issue.ts';
import { refresh } from '../session/refresh.ts';
import { isBanned, type WireObject } from '../user-view.ts';
import { isUuid } from '../uuid.ts';
import { isSecretOf } from './clients.ts';
import { claimsByScope } from './scopes.ts';

/** What a token request carries; absent texts are empty. */
export interface TokenRequest {
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

/** A token answer (RFC 6749 §5.1). */
export interface TokenAnswer {
  readonly body: WireObject;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Answers a client's request for tokens (OAuth 2.1 §3.2).
 *
 * @throws invalid_credentials when the client is not who it says; OAuthError for everything else
 */
export async function answerTokenRequest(
  context: AuthContext,
  caller: Caller,
  request: TokenRequest,
): Promise<TokenAnswer> {
  const client = await authenticate(context, request);
  const { form } = request;
  const type = form.get('grant_type') ?? '';
  if (type !== 'authorization_code' && type !== 'refresh_token')
    throw new OAuthError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token');
  if (!client.grant_types.split(',').includes(type))
    throw new OAuthError('unauthorized_client', `the client may not use ${type}`);
  return type === 'authorization_code'
    ? exchange(context, caller, client, form)
    : renew(context, caller, client, form.get('refresh_token') ?? '');
}

interface Credentials {
  readonly id: string;
  readonly secret: string;
  readonly method: OAuthClientRow['token_endpoint_auth_method'];
}

/** The credentials of a request; by one way only (RFC 6749 §2.3). */
export function readCredentials({ authorization, form }: TokenRequest): Credentials | undefined {
  const [id, secret] = [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
  const basic = /^basic\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined)
    return id === '' ? undefined : { id, secret, method: secret === '' ? 'none' : 'client_secret_post' };
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 1 || secret !== '') return undefined;
  try {
    const [name, word] = [pair.slice(0, colon), pair.slice(colon + 1)].map(formDecode) as [string, string];
    return id !== '' && id !== name ? undefined : { id: name, secret: word, method: 'client_secret_basic' };
  } catch {
    return undefined;
  }
}

const formDecode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

async function authenticate(context: AuthContext, request: TokenRequest): Promise<OAuthClientRow> {
  const given = readCredentials(request);
  if (!given) throw new OAuthError('invalid_client', 'client authentication is missing or cannot be read');
  const client = isUuid(given.id) ? await findOAuthClient(context.db, given.id) : undefined;
  const fits =
    client?.token_endpoint_auth_method === given.method &&
    (given.method === 'none' || isSecretOf(client, given.secret));
  if (!client || !fits) throw authError('invalid_credentials', { message: 'Invalid client credentials' });
  return client;
}

const refusal = (message: string): Error => new OAuthError('invalid_grant', message);

async function exchange(
  context: AuthContext,
  caller: Caller,
  client: OAuthClientRow,
  form: URLSearchParams,
): Promise<TokenAnswer> {
  const [code, verifier] = [form.get('code') ?? '', form.get('code_verifier') ?? ''];
  if (code === '' || verifier === '') throw new OAuthError('invalid_request', 'code and code_verifier are required');
  if (code.length > 255) throw refusal('Invalid authorization code');
  const outcome = await context.db.transaction(async (sql) => {
    const authorization = await lockAuthorizationByCode(sql, code);
    const fault = authorization
      ? faultOf(context, authorization, client, form, verifier)
      : 'Invalid authorization code';
    if (!authorization || fault !== undefined) return refusal(fault ?? '');
    const user = await findUser(sql, authorization.user_id ?? '');
    if (!user) return refusal('Invalid authorization code');
    if (isBanned(user, context.clock.now())) return refusal('User is banned');
    await deleteAuthorization(sql, authorization.id);
    await audit(context, sql, user, 'login', { provider: 'oauth_provider', client_id: client.id });
    const grant = await startSession(context, sql, user, 'oauth_provider/authorization_code', caller, {
      oauthClientId: client.id,
      scopes: authorization.scope,
    });
    return { grant, authorization };
  });
  if (outcome instanceof Error) throw outcome;
  const { grant, authorization } = outcome;
  const answer = await signedIn(context, grant);
  const scopes = authorization.scope.split(' ');
  const idToken = scopes.includes('openid') ? await signIdToken(context, grant, client, authorization) : undefined;
  return tokenAnswer(client, answer, idToken);
}

function faultOf(
  context: AuthContext,
  authorization: AuthorizationRow,
  client: OAuthClientRow,
  form: URLSearchParams,
  verifier: string,
): string | undefined {
  if (authorization.client_id !== client.id) return 'Invalid authorization code';
  if (millisecondsOf(authorization.expires_at) <= context.clock.now()) return 'Authorization code has expired';
  const redirectUri = form.get('redirect_uri');
  if (redirectUri !== null && redirectUri !== authorization.redirect_uri) return 'redirect_uri does not match';
  const resource = form.get('resource');
  if (resource !== null && resource !== authorization.resource) return 'resource does not match';
  const { code_challenge, code_challenge_method } = authorization;
  if (code_challenge === null || code_challenge_method === null) return 'Invalid authorization code';
  return verifierFits({ challenge: code_challenge, method: code_challenge_method }, verifier)
    ? undefined
    : 'Invalid code verifier';
}

async function renew(
  context: AuthContext,
  caller: Caller,
  client: OAuthClientRow,
  token: string,
): Promise<TokenAnswer> {
  try {
    return tokenAnswer(client, await refresh(context, caller, token, client.id));
  } catch (error) {
    if (error instanceof ServiceError && error.status === 400) throw refusal(error.message);
    throw error;
  }
}

// A client is told nothing of the user here; it has userinfo and the ID token for that.
function tokenAnswer(client: OAuthClientRow, { body, headers }: SignedIn, idToken?: string): TokenAnswer {
  const { access_token, token_type, expires_in, refresh_token } = body;
  const mayRefresh = client.grant_types.split(',').includes('refresh_token');
  return {
    body: {
      access_token,
      token_type,
      expires_in,
      ...(mayRefresh && { refresh_token }),
      ...(idToken && { id_token: idToken }),
    },
    headers,
  };
}

function signIdToken(
  context: AuthContext,
  { user, session }: Grant,
  client: OAuthClientRow,
  { scope, nonce, approved_at }: AuthorizationRow,
): Promise<string> {
  const { settings, clock, signer } = context;
  const now = Math.floor(clock.now() / 1_000);
  return signer.sign({
    iss: settings.jwtIssuer ?? serviceUrl(context.externalBase()),
    sub: user.id,
    aud: client.id,
    iat: now,
    exp: now + settings.jwtExpiry,
    auth_time: Math.floor(millisecondsOf(approved_at ?? session.created_at) / 1_000),
    ...(nonce && { nonce }),
    ...claimsByScope(user, scope.split(' ')),
  });
}

/** Claims of the user behind an OAuth access token, by what its client may know. */
export const userinfo = (
  user: Grant['user'],
  scopes: string | null | undefined,
): Readonly<Record<string, unknown>> => ({ sub: user.id, ...claimsByScope(user, (scopes ?? '').split(' ')) });
