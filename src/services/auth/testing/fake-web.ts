import { generateKeyPairSync } from 'node:crypto';
import { type Egress, EgressError, type EgressRequest } from '#kernel/egress';
import { type Claims, createSigner, loadKeySet, type Signer } from '#kernel/jwt';

/** A request that went out. */
export interface Outgoing {
  readonly url: URL;
  readonly request: EgressRequest;
  /** The body, read as a form. */
  readonly form: URLSearchParams;
}

/** Answers a request: an object is JSON, a text goes as it is, a number is a status without a body. */
export type FakeAnswer = object | string | number;

/** The internet as tests want it: nothing leaves the process. */
export interface FakeWeb {
  readonly egress: Egress;
  readonly calls: readonly Outgoing[];
  /** Answers requests to an address, compared without query. */
  on(address: string, answer: FakeAnswer | ((outgoing: Outgoing) => FakeAnswer)): void;
  /** The last request to an address. */
  last(address: string): Outgoing;
}

/** Creates an internet without any server. Names ending in `.internal` are refused as the guard would. */
export function fakeWeb(): FakeWeb {
  const answers = new Map<string, FakeAnswer | ((outgoing: Outgoing) => FakeAnswer)>();
  const calls: Outgoing[] = [];
  const admit = (url: URL): void => {
    if (/\.internal$|^localhost$|^127\.|^10\.|^169\.254\./.test(url.hostname))
      throw new EgressError('refused', `${url.hostname} is not a public address`);
  };
  return {
    calls,
    on: (address, answer) => void answers.set(address, answer),
    last(address) {
      const found = calls.findLast(({ url }) => `${url.origin}${url.pathname}` === address);
      if (!found) throw new Error(`nobody asked ${address}`);
      return found;
    },
    egress: {
      async check(target) {
        admit(new URL(target));
      },
      async request(target, request = {}) {
        const url = new URL(target);
        if (!request.byOperator) admit(url);
        const outgoing = { url, request, form: new URLSearchParams(String(request.body ?? '')) };
        calls.push(outgoing);
        const known = answers.get(`${url.origin}${url.pathname}`);
        const answer = typeof known === 'function' ? known(outgoing) : (known ?? 404);
        const [status, body] =
          typeof answer === 'number'
            ? [answer, '']
            : [200, typeof answer === 'string' ? answer : JSON.stringify(answer)];
        return { status, headers: {}, body: Buffer.from(body), url: url.href };
      },
    },
  };
}

/** A key that signs for an issuer of the fake internet. */
export interface FakeIssuer {
  readonly issuer: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  /** A token with the claims an ID token needs, changed by `claims`. */
  token(claims: Claims): Promise<string>;
  readonly signer: Signer;
}

/** Puts an issuer with discovery and keys into the fake internet. */
export async function fakeIssuer(web: FakeWeb, issuer: string, kid = 'key-1'): Promise<FakeIssuer> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', key_ops: ['sign'] };
  const keys = await loadKeySet({ keys: [jwk] as never });
  const signer = await createSigner(keys);
  const base = issuer.replace(/\/$/, '');
  web.on(`${base}/.well-known/openid-configuration`, {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    userinfo_endpoint: `${base}/userinfo`,
    jwks_uri: `${base}/jwks`,
  });
  web.on(`${base}/jwks`, { keys: keys.publicJwks });
  const now = (): number => Math.floor(Date.now() / 1_000);
  return {
    issuer,
    jwk: keys.publicJwks[0] as Readonly<Record<string, unknown>>,
    signer,
    token: (claims) => signer.sign({ iss: issuer, iat: now(), exp: now() + 600, ...claims }),
  };
}
