import type { Egress, EgressRequest } from '#kernel/egress';
import { type Claims, createVerifier, JwtError, type KeySet, loadForeignKeys, type Verifier } from '#kernel/jwt';
import type { Clock } from '#kernel/lifecycle';
import { type Json, textAt } from './json.ts';

/** What a provider publishes of itself (OpenID Connect Discovery 1.0 §3), as far as it is used. */
export interface Discovery {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly userinfoEndpoint: string;
  readonly jwksUri: string;
}

/** What an ID token has to fit. */
export interface Expectation {
  /** Whether an issuer may speak here. */
  readonly accepts: (issuer: string) => boolean;
  /** Issuer whose keys count, where it is not the token's own. */
  readonly keysOf?: string;
  /** Where the keys are, where no discovery is to be asked. */
  readonly jwksUri?: string;
  readonly discoveryUrl?: string;
  readonly byOperator: boolean;
}

/** Discovery documents and keys of providers, remembered for a while. */
export interface Oidc {
  /** @throws Error when the document cannot be had or names another issuer */
  discover(issuer: string, byOperator: boolean, discoveryUrl?: string): Promise<Discovery>;
  /**
   * Checks an ID token's issuer, signature and times (OpenID Connect Core 1.0 §3.1.3.7). Whom it is for is the caller's
   * to judge.
   *
   * @throws Error that says why the token is refused
   */
  verify(token: string, expectation: Expectation): Promise<Claims>;
}

interface Kept<T> {
  readonly value: Promise<T>;
  readonly since: number;
}

/** Providers remembered; the one longest there goes first. */
const places = 500;
/** Milliseconds before keys are asked for again because of a token signed with an unknown one. */
const keyPause = 30_000;
/** Milliseconds that clocks may differ. */
const skew = 60_000;

/** Creates the memory. @param ttl in milliseconds @param timeout of one request, in milliseconds */
export function createOidc(egress: Egress, clock: Clock, ttl: number, timeout: number): Oidc {
  const documents = new Map<string, Kept<Discovery>>();
  const keys = new Map<string, Kept<Verifier>>();

  async function getJson(url: string, byOperator: boolean): Promise<Json> {
    const request: EgressRequest = { headers: { accept: 'application/json' }, timeout, byOperator, redirects: 2 };
    const answer = await egress.request(url, request);
    if (answer.status !== 200) throw new Error(`${new URL(url).host} answered ${answer.status}`);
    return JSON.parse(answer.body.toString('utf8'));
  }

  async function discover(issuer: string, byOperator: boolean, discoveryUrl?: string): Promise<Discovery> {
    const url = discoveryUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    return keep(documents, `${byOperator} ${issuer} ${url}`, ttl, async () => {
      const document = await getJson(url, byOperator);
      const found = textAt(document, 'issuer');
      // Microsoft's document for many tenants has a placeholder; the token's own issuer was checked before.
      if (found.replace(/\/$/, '') !== issuer.replace(/\/$/, '')) throw new Error(`${url} speaks for another issuer`);
      return {
        issuer: found,
        authorizationEndpoint: textAt(document, 'authorization_endpoint'),
        tokenEndpoint: textAt(document, 'token_endpoint'),
        userinfoEndpoint: textAt(document, 'userinfo_endpoint'),
        jwksUri: textAt(document, 'jwks_uri'),
      };
    });
  }

  async function keep<T>(places_: Map<string, Kept<T>>, key: string, life: number, make: () => Promise<T>): Promise<T> {
    const now = clock.now();
    const known = places_.get(key);
    if (known && now - known.since < life) return known.value;
    if (places_.size >= places && !known) places_.delete(places_.keys().next().value as string);
    const kept = { value: make(), since: now };
    places_.set(key, kept);
    // A failure is not remembered: the next one may ask again.
    kept.value.catch(() => {
      if (places_.get(key) === kept) places_.delete(key);
    });
    return kept.value;
  }

  const verifierOf = (jwksUri: string, byOperator: boolean, life: number): Promise<Verifier> =>
    keep(keys, `${byOperator} ${jwksUri}`, life, async () => {
      const keySet: KeySet = await loadForeignKeys(await getJson(jwksUri, byOperator));
      return createVerifier({ keys: keySet, cacheEntries: 0, now: () => clock.now() });
    });

  return {
    discover,
    async verify(token, { accepts, keysOf, jwksUri, discoveryUrl, byOperator }) {
      const issuer = unverifiedIssuer(token);
      if (!accepts(issuer)) throw new Error('the token is of another issuer');
      const uri = jwksUri ?? (await discover(keysOf ?? issuer, byOperator, discoveryUrl)).jwksUri;
      if (uri === '') throw new Error('the issuer publishes no keys');
      const claims = await verifyWith(async (life) => verifierOf(uri, byOperator, life), token);
      if (claims.iss !== issuer) throw new Error('the token is of another issuer');
      assertTimely(claims, clock.now());
      return claims;
    },
  };

  async function verifyWith(verifier: (life: number) => Promise<Verifier>, token: string): Promise<Claims> {
    try {
      return (await (await verifier(ttl)).verify(token)).claims;
    } catch (error) {
      const mayBeNew = error instanceof JwtError && (error.failure === 'key' || error.failure === 'algorithm');
      if (!mayBeNew) throw error;
      return (await (await verifier(keyPause)).verify(token)).claims;
    }
  }
}

/** The issuer a token claims, before anything is checked; it only decides whose keys are asked. Empty when unreadable. */
export function unverifiedIssuer(token: string): string {
  try {
    return textAt(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')), 'iss');
  } catch {
    return '';
  }
}

function assertTimely({ exp, iat, nbf }: Claims, now: number): void {
  if (typeof exp !== 'number' || exp * 1_000 <= now) throw new Error('the token is expired');
  for (const start of [iat, nbf])
    if (typeof start === 'number' && start * 1_000 > now + skew) throw new Error('the token is of the future');
}
