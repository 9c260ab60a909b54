import { type Claims, JwtError, type Verifier } from '#kernel/jwt';
import { restError } from '../../errors.ts';
import { checkClaims, invalidToken } from './claims.ts';
import { claimAt, type RolePath } from './role-path.ts';

/** Who asks. */
export interface Caller {
  readonly role: string;
  /** The claims as JSON, with the role in force. */
  readonly claims: string;
  readonly isAnonymous: boolean;
}

/** What callers are told by. */
export interface AuthenticationRules {
  /** Undefined: no key is configured. */
  readonly verifier: Verifier | undefined;
  readonly anonRole: string | undefined;
  readonly audience: string | undefined;
  readonly rolePath: RolePath;
}

/** Tells callers apart; what is known of a verified token is kept with its claims. */
export interface Authenticator {
  /**
   * @param header the request's `Authorization`
   * @param now milliseconds since the epoch
   * @throws PGRST300 to PGRST303, thrown or as a rejection
   */
  authenticate(header: string | undefined, now: number): Caller | Promise<Caller>;
}

const bearer = /^bearer\s+(.*)$/i;

/** Creates an authenticator. */
export function createAuthenticator(rules: AuthenticationRules): Authenticator {
  const { verifier, anonRole, audience, rolePath } = rules;
  const known = new WeakMap<Claims, Caller>();
  const anonymous: Caller | undefined =
    anonRole === undefined
      ? undefined
      : { role: anonRole, claims: JSON.stringify({ role: anonRole }), isAnonymous: true };

  function callerOf(claims: Claims, now: number): Caller {
    checkClaims(claims, { now: Math.floor(now / 1_000), audience });
    const caller = known.get(claims);
    if (caller) return caller;
    const role = roleOf(claimAt(claims, rolePath)) ?? anonRole;
    if (role === undefined) throw anonymousDisabled();
    const made = { role, claims: JSON.stringify({ ...claims, role }), isAnonymous: role === anonRole };
    known.set(claims, made);
    return made;
  }

  return {
    authenticate(header, now) {
      const token = tokenOf(header);
      if (token === undefined) {
        if (anonymous === undefined) throw anonymousDisabled();
        return anonymous;
      }
      if (verifier === undefined) throw restError('PGRST300');
      if (token === '') throw refusedToken('Empty JWT is sent in Authorization header');
      try {
        const verified = verifier.verify(token);
        if (!(verified instanceof Promise)) return callerOf(verified.claims, now);
        return verified.then(
          ({ claims }) => callerOf(claims, now),
          (error: unknown) => Promise.reject(jwtFailure(error)),
        );
      } catch (error) {
        throw jwtFailure(error);
      }
    },
  };
}

function tokenOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  // The common spelling, without a regular expression.
  if (header.startsWith('Bearer ') && header.charCodeAt(7) !== 0x20) return header.slice(7).trimEnd();
  const trimmed = header.trim();
  if (/^bearer$/i.test(trimmed)) return '';
  return bearer.exec(trimmed)?.[1];
}

// A role that is no text is taken as its JSON.
function roleOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const anonymousDisabled = () => restError('PGRST302', { headers: { 'www-authenticate': 'Bearer' } });

const refusedToken = (message: string, details: string | null = null) =>
  restError('PGRST301', { message, details, headers: invalidToken(message) });

function jwtFailure(error: unknown): unknown {
  if (!(error instanceof JwtError)) return error;
  switch (error.failure) {
    case 'parts':
      return refusedToken(`Expected 3 parts in JWT; got ${error.detail}`);
    case 'encrypted':
      return refusedToken('Expected 3 parts in JWT; got 5');
    case 'malformed':
      return refusedToken('JWT cryptographic operation failed');
    case 'claims':
      return restError('PGRST303', {
        message: 'Parsing claims failed',
        headers: invalidToken('Parsing claims failed'),
      });
    case 'unsecured':
      return refusedToken(
        'Wrong or unsupported encoding algorithm',
        "JWT is unsecured but expected 'alg' was not 'none'",
      );
    case 'algorithm':
      return refusedToken('Wrong or unsupported encoding algorithm');
    case 'key':
      return refusedToken('No suitable key or wrong key type', 'No suitable key was found to decode the JWT');
    case 'signature':
      return refusedToken('No suitable key or wrong key type', 'None of the keys was able to decode the JWT');
  }
}
