import type { AuthContext } from '../context.ts';
import { type Json, textAt } from './json.ts';
import { asProfile, type Profile } from './profile.ts';
import type { ExternalProvider, ProfileSource, ProviderTokens } from './provider.ts';

/** Exchanges an authorization code at a provider (RFC 6749 §4.1.3). @throws Error when the provider gives no token */
export async function exchangeProviderCode(
  context: AuthContext,
  provider: ExternalProvider,
  code: string,
  verifier: string | undefined,
): Promise<ProviderTokens> {
  const clientId = provider.clientIds[0] ?? '';
  const form = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: provider.redirectUri });
  if (verifier !== undefined) form.set('code_verifier', verifier);
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (provider.clientAuth === 'basic') {
    const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(provider.secret)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  } else {
    form.set('client_id', clientId);
    if (provider.secret !== '') form.set('client_secret', provider.secret);
  }
  const { byOperator } = provider;
  const answer = await context.egress.request(provider.tokenEndpoint, {
    method: 'POST',
    headers,
    body: form.toString(),
    timeout: context.settings.externalTimeout,
    byOperator,
  });
  return readTokens(answer.status, answer.body.toString('utf8'));
}

/** Reads a token endpoint's answer: JSON, or a form where a provider is older than the standard. */
export function readTokens(status: number, body: string): ProviderTokens {
  const raw = parseAnswer(body);
  const accessToken = textAt(raw, 'access_token');
  const error = textAt(raw, 'error');
  if (status >= 400 || error !== '' || accessToken === '')
    throw new Error(`the token endpoint answered ${status} ${error.slice(0, 100)}`.trim());
  return { accessToken, refreshToken: textAt(raw, 'refresh_token'), idToken: textAt(raw, 'id_token'), raw };
}

function parseAnswer(body: string): Json {
  try {
    return JSON.parse(body);
  } catch {
    return Object.fromEntries(new URLSearchParams(body));
  }
}

/** Asks a provider who somebody is. @throws Error when it does not say */
export async function readProfile(
  context: AuthContext,
  provider: ExternalProvider,
  tokens: ProviderTokens,
  get: ProfileSource['get'] = bearerGet(context, provider, tokens),
): Promise<Profile> {
  const source: ProfileSource = {
    tokens,
    provider,
    get,
    async idToken(accepts, keysOf) {
      if (tokens.idToken === '') throw new Error('the provider sent no ID token');
      const { byOperator } = provider;
      const claims = await context.oidc.verify(tokens.idToken, { accepts, byOperator, ...(keysOf && { keysOf }) });
      if (!audiencesOf(claims).some((audience) => provider.clientIds.includes(audience)))
        throw new Error('the ID token is for another application');
      return claims;
    },
  };
  return asProfile(await provider.profile(source));
}

/** The audiences of a token, which come as one text or a list. */
export function audiencesOf(claims: Readonly<Record<string, unknown>>): readonly string[] {
  return [claims.aud].flat().filter((audience): audience is string => typeof audience === 'string' && audience !== '');
}

const bearerGet =
  (context: AuthContext, provider: ExternalProvider, tokens: ProviderTokens): ProfileSource['get'] =>
  async (path, headers = {}) => {
    const url = path.startsWith('https://') || path.startsWith('http://') ? path : provider.api + path;
    const answer = await context.egress.request(url, {
      headers: {
        accept: 'application/json',
        // GitHub answers nobody without a name.
        'user-agent': 'pmoves-supabase',
        authorization: `Bearer ${tokens.accessToken}`,
        ...headers,
      },
      timeout: context.settings.externalTimeout,
      byOperator: provider.byOperator,
    });
    if (answer.status < 200 || answer.status > 299) throw new Error(`${new URL(url).host} answered ${answer.status}`);
    return JSON.parse(answer.body.toString('utf8'));
  };
