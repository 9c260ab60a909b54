import { randomBytes, randomUUID } from 'node:crypto';
import { invalid, OAuthError } from '../../errors.ts';
import { insertAuthorization } from '../../sql/oauth-authorizations.ts';
import { findOAuthClient, type OAuthClientRow } from '../../sql/oauth-clients.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { instantAt } from '../instant.ts';
import { readChallenge } from '../pkce.ts';
import { isUuid } from '../uuid.ts';
import { redirectUriFault, withParameters } from './redirect-uris.ts';
import { readScopes } from './scopes.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** 32 characters, 160 bits. */
const newAuthorizationId = (): string => Array.from(randomBytes(32), (byte) => alphabet[byte % 32]).join('');

/**
 * Begins a request of an application (OAuth 2.1 §4.1.1).
 *
 * @returns where the browser goes: the page that asks for consent, or back with an error
 * @throws validation_failed when client or address are not known, since nobody can be sent there
 */
export async function beginAuthorization(context: AuthContext, query: URLSearchParams): Promise<string> {
  const client = await findClient(context, query.get('client_id') ?? '');
  const registered = client.redirect_uris.split(',');
  const redirectUri = query.get('redirect_uri') ?? (registered.length === 1 ? (registered[0] as string) : '');
  if (redirectUri === '') throw invalid('redirect_uri is required');
  if (!registered.includes(redirectUri)) throw invalid('invalid redirect_uri');
  const state = query.get('state');
  try {
    return await begin(context, client, redirectUri, query);
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return withParameters(redirectUri, {
      error: error.error,
      error_description: error.message,
      state: state && state.length <= 4_096 ? state : null,
    });
  }
}

async function findClient(context: AuthContext, id: string): Promise<OAuthClientRow> {
  if (id === '') throw invalid('client_id is required');
  const client = isUuid(id) ? await findOAuthClient(context.db, id) : undefined;
  if (!client) throw invalid('invalid client_id');
  return client;
}

async function begin(
  context: AuthContext,
  client: OAuthClientRow,
  redirectUri: string,
  query: URLSearchParams,
): Promise<string> {
  const { settings } = context;
  if (query.get('response_type') !== 'code')
    throw new OAuthError('unsupported_response_type', 'response_type must be code');
  if (!client.grant_types.split(',').includes('authorization_code'))
    throw new OAuthError('unauthorized_client', 'the client may not use authorization codes');
  const scopes = readScopes(query.get('scope') || settings.oauthServerScope);
  if (!scopes || scopes.length === 0) throw new OAuthError('invalid_request', 'unsupported scope');
  if (scopes.includes('openid') && context.signer.algorithm === 'HS256')
    throw new OAuthError('invalid_request', 'scope openid needs an asymmetric signing key');
  const challenge = challengeOf(query);
  const [state, resource, nonce] = [query.get('state'), query.get('resource'), query.get('nonce')];
  if (state && state.length > 4_096) throw new OAuthError('invalid_request', 'state is too long');
  if (nonce && nonce.length > 255) throw new OAuthError('invalid_request', 'nonce is too long');
  if (resource && redirectUriFault(resource) !== undefined) throw new OAuthError('invalid_target', 'invalid resource');
  const authorizationId = newAuthorizationId();
  await insertAuthorization(
    context.db,
    {
      id: randomUUID(),
      authorization_id: authorizationId,
      client_id: client.id,
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      state,
      resource,
      nonce,
      challenge: challenge.challenge,
      challengeMethod: challenge.method,
      expires_at: instantAt(context.clock.now() + settings.oauthServerTtl),
    },
    nowOf(context),
  );
  const page = `${settings.siteUrl.replace(/\/+$/, '')}${settings.oauthServerPath}`;
  return withParameters(page, { authorization_id: authorizationId });
}

function challengeOf(query: URLSearchParams): { challenge: string; method: 's256' | 'plain' } {
  try {
    const challenge = readChallenge(query.get('code_challenge') ?? '', query.get('code_challenge_method') ?? '');
    if (challenge) return challenge;
  } catch (error) {
    throw new OAuthError('invalid_request', (error as Error).message);
  }
  throw new OAuthError('invalid_request', 'PKCE is required: code_challenge and code_challenge_method');
}
