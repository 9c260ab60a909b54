import { type Claims, JwtError, type JwtFailure, type Verifier } from '#kernel/jwt';
import type { Database } from '#kernel/sql';
import { authError } from '../errors.ts';
import type { AuthSettings } from '../settings.ts';
import { nilUuid, type SessionRow, type User } from '../sql/rows.ts';
import { findUser, findUserWithSession } from '../sql/users.ts';
import type { AuthContext } from './context.ts';
import { sessionEnd } from './session/validity.ts';
import { isBanned } from './user-view.ts';
import { isUuid } from './uuid.ts';

/** Who stands behind a bearer token. */
export interface Bearer {
  readonly claims: Claims;
  readonly user: User;
  readonly session: SessionRow | undefined;
  readonly isAdmin: boolean;
}

const reasons: Readonly<Record<JwtFailure, string>> = {
  parts: 'token is malformed: token contains an invalid number of segments',
  malformed: 'token is malformed: could not JSON decode header',
  claims: 'token is malformed: could not JSON decode claim',
  unsecured: "token is unverifiable: 'none' signature type is not allowed",
  algorithm: 'token signature is invalid: signing method is invalid',
  key: 'token is unverifiable: error while executing keyfunc: unrecognized JWT kid or algorithm',
  signature: 'token signature is invalid: signature is invalid',
  encrypted: 'token is malformed: token contains an invalid number of segments',
};

const badToken = (reason: string): Error =>
  authError('bad_jwt', { message: `invalid JWT: unable to parse or verify signature, ${reason}` });

/** Takes the token out of an `Authorization` header. @throws no_authorization */
export function tokenOf(header: string | undefined): string {
  const token = /^bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
  if (token === undefined) throw authError('no_authorization');
  return token;
}

/** Checks a token's signature and times. @throws bad_jwt */
export async function verifyToken(
  verifier: Verifier,
  settings: AuthSettings,
  token: string,
  now: number,
): Promise<Claims> {
  try {
    const { claims, algorithm } = await verifier.verify(token);
    if (settings.jwtValidMethods.length > 0 && !settings.jwtValidMethods.includes(algorithm))
      throw new JwtError('algorithm');
    assertTimely(claims, now / 1_000);
    return claims;
  } catch (error) {
    if (error instanceof JwtError) throw badToken(reasons[error.failure]);
    throw error;
  }
}

function assertTimely(claims: Claims, seconds: number): void {
  const { exp, nbf } = claims;
  for (const time of [exp, nbf])
    if (time !== undefined && typeof time !== 'number') throw badToken('token is malformed: newNumericDateFromSeconds');
  if (typeof exp === 'number' && exp <= seconds) throw badToken('token has invalid claims: token is expired');
  if (typeof nbf === 'number' && nbf > seconds) throw badToken('token has invalid claims: token is not valid yet');
}

/** Whether a token's role may use admin endpoints. */
export const isAdminToken = (settings: AuthSettings, claims: Claims): boolean =>
  typeof claims.role === 'string' && settings.jwtAdminRoles.includes(claims.role);

// The nil UUID stands for no session, as does an empty text.
function sessionIdOf(claims: Claims): string | undefined {
  const id = claims.session_id;
  if (id === undefined || id === null || id === '' || id === nilUuid) return undefined;
  if (!isUuid(id)) throw authError('bad_jwt', { message: 'invalid claim: session_id claim must be a UUID' });
  return id;
}

/**
 * Finds the user a token was made for, and the session it came from.
 *
 * @throws bad_jwt, user_not_found, session_not_found, user_banned
 */
export async function findBearer(context: AuthContext, claims: Claims): Promise<Bearer> {
  const { sub } = claims;
  if (sub === undefined || sub === null || sub === '')
    throw authError('bad_jwt', { message: 'invalid claim: missing sub claim' });
  if (!isUuid(sub)) throw authError('bad_jwt', { status: 400, message: 'invalid claim: sub claim must be a UUID' });
  const sessionId = sessionIdOf(claims);
  const { user, session } = await load(context.db, sub, sessionId);
  if (!user) throw authError('user_not_found', { status: 403, message: 'User from sub claim in JWT does not exist' });
  if (sessionId !== undefined && !session) throw authError('session_not_found');
  if (isBanned(user, context.clock.now())) throw authError('user_banned');
  return { claims, user, session, isAdmin: isAdminToken(context.settings, claims) };
}

async function load(
  db: Database,
  userId: string,
  sessionId: string | undefined,
): Promise<{ user: User | undefined; session: SessionRow | undefined }> {
  if (sessionId === undefined) return { user: await findUser(db, userId), session: undefined };
  return (await findUserWithSession(db, userId, sessionId)) ?? { user: undefined, session: undefined };
}

/**
 * Lets admin tokens through. Keys without a session never touch the user table; a token from a session is good only while
 * that lasts.
 *
 * @returns the token's role
 * @throws not_admin, session_not_found, session_expired
 */
export async function assertAdmin(context: AuthContext, claims: Claims): Promise<string> {
  if (!isAdminToken(context.settings, claims)) throw authError('not_admin');
  if (sessionIdOf(claims) !== undefined) {
    const { session } = await findBearer(context, claims);
    if (session && sessionEnd(context.settings, session, context.clock.now()) !== undefined)
      throw authError('session_expired', { status: 403, message: 'Session expired' });
  }
  return claims.role as string;
}

/** The audience a request is about: the one it names, else its token's, else the standard one. */
export function audienceOf(settings: AuthSettings, named: string | undefined, claims: Claims | undefined): string {
  if (named) return named;
  const aud = claims && !isAdminToken(settings, claims) ? firstAudience(claims) : undefined;
  return aud ?? settings.jwtAudience;
}

/** The first audience of a token. */
export function firstAudience(claims: Claims): string | undefined {
  const aud = Array.isArray(claims.aud) ? claims.aud[0] : claims.aud;
  return typeof aud === 'string' && aud !== '' ? aud : undefined;
}
