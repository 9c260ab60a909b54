/** The payload of a token: any JSON object. */
export type Claims = Readonly<Record<string, unknown>>;

/** A token whose signature is good. Times are not checked: rooms differ in skew and wording. */
export interface VerifiedToken {
  readonly claims: Claims;
  readonly algorithm: string;
  readonly keyId: string | undefined;
}

/**
 * Why a token was refused, so that each room can say it in its own words.
 *
 * - `parts`: not three dot-separated parts (`detail` is their number)
 * - `malformed`: a part is not base64url JSON, or the payload no object
 * - `unsecured`: `alg` is `none`
 * - `algorithm`: the algorithm is none of those the keys allow
 * - `key`: no key fits (unknown key id, or wrong type of key)
 * - `signature`: the signature does not match
 * - `encrypted`: five parts (JWE)
 */
export type JwtFailure =
  | 'parts'
  | 'malformed'
  | 'claims'
  | 'unsecured'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'encrypted';

/** A refused token. */
export class JwtError extends Error {
  override readonly name = 'JwtError';
  readonly failure: JwtFailure;
  readonly detail: string | undefined;

  constructor(failure: JwtFailure, detail?: string) {
    super(`invalid token: ${failure}`);
    this.failure = failure;
    this.detail = detail;
  }
}
