import { createHmac, randomBytes } from 'node:crypto';
import type { AuthContext } from '../context.ts';
import type { Json } from './json.ts';
import type { ExternalProvider, ProviderTokens } from './provider.ts';

/** A token with the secret that requests by it are signed with (RFC 5849). */
export interface SignedToken {
  readonly token: string;
  readonly secret: string;
}

/** Percent-encoding of RFC 5849 §3.6, which is stricter than that of URLs. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** What a request is signed with. */
export interface SigningKeys {
  readonly consumerKey: string;
  readonly consumerSecret: string;
  readonly token?: SignedToken;
}

/**
 * The `Authorization` header of a request (RFC 5849 §3.4, HMAC-SHA1).
 *
 * @param extra further protocol parameters, e.g. `oauth_callback`
 * @param seconds of the Unix epoch
 */
export function signRequest(
  method: string,
  address: string,
  keys: SigningKeys,
  extra: Readonly<Record<string, string>>,
  seconds: number,
  nonce: string,
): string {
  const url = new URL(address);
  const protocol: Record<string, string> = {
    oauth_consumer_key: keys.consumerKey,
    oauth_nonce: nonce,
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: String(seconds),
    oauth_version: '1.0',
    ...(keys.token && { oauth_token: keys.token.token }),
    ...extra,
  };
  const parameters = [...Object.entries(protocol), ...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const text = [method, `${url.origin}${url.pathname}`, parameters].map(encode).join('&');
  const key = `${encode(keys.consumerSecret)}&${encode(keys.token?.secret ?? '')}`;
  const signature = createHmac('sha1', key).update(text).digest('base64');
  const fields = Object.entries({ ...protocol, oauth_signature: signature });
  return `OAuth ${fields.map(([name, value]) => `${encode(name)}="${encode(value)}"`).join(', ')}`;
}

async function call(
  context: AuthContext,
  provider: ExternalProvider,
  method: string,
  url: string,
  token: SignedToken | undefined,
  extra: Readonly<Record<string, string>> = {},
): Promise<string> {
  const keys: SigningKeys = {
    consumerKey: provider.clientIds[0] ?? '',
    consumerSecret: provider.secret,
    ...(token && { token }),
  };
  const seconds = Math.floor(context.clock.now() / 1_000);
  const answer = await context.egress.request(url, {
    method,
    headers: {
      accept: 'application/json',
      authorization: signRequest(method, url, keys, extra, seconds, randomBytes(16).toString('hex')),
    },
    timeout: context.settings.externalTimeout,
    byOperator: provider.byOperator,
  });
  if (answer.status !== 200) throw new Error(`${new URL(url).host} answered ${answer.status}`);
  return answer.body.toString('utf8');
}

function readToken(body: string): SignedToken {
  const form = new URLSearchParams(body);
  const [token, secret] = [form.get('oauth_token'), form.get('oauth_token_secret')];
  if (!token || !secret) throw new Error('the provider gave no token');
  return { token, secret };
}

/** The first leg: a request token that the user then authorizes. @param callback with the state in it */
export const requestToken = async (
  context: AuthContext,
  provider: ExternalProvider,
  callback: string,
): Promise<SignedToken> =>
  readToken(
    await call(context, provider, 'POST', `${provider.base}/oauth/request_token`, undefined, {
      oauth_callback: callback,
    }),
  );

/** The last leg: an access token for an authorized request token. */
export const accessToken = async (
  context: AuthContext,
  provider: ExternalProvider,
  token: SignedToken,
  verifier: string,
): Promise<SignedToken> =>
  readToken(await call(context, provider, 'POST', provider.tokenEndpoint, token, { oauth_verifier: verifier }));

/** Reads the API with signed requests. */
export const signedGet =
  (context: AuthContext, provider: ExternalProvider, token: SignedToken) =>
  async (path: string): Promise<Json> =>
    JSON.parse(await call(context, provider, 'GET', provider.api + path, token));

/** An access token as other providers' tokens are: its secret takes the refresh token's place. */
export const asProviderTokens = ({ token, secret }: SignedToken): ProviderTokens => ({
  accessToken: token,
  refreshToken: secret,
  idToken: '',
  raw: {},
});
