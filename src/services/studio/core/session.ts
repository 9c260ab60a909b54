import { createHash, randomBytes } from 'node:crypto';
import { addSession, findSession, type SessionRow, touchSession } from '../sql/sessions.ts';
import type { StudioContext } from './context.ts';

/** Name of the cookie that holds a session's token. */
export const cookieName = 'studio_session';

// Often enough for the end of unused sessions, seldom enough to cost nothing.
const touchEvery = 60_000;

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Starts a session. @returns its token, which is kept nowhere */
export async function openSession(
  { db, clock, settings }: StudioContext,
  operatorId: string,
  from: { readonly address: string; readonly agent: string },
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const now = clock.now();
  await addSession(
    db,
    {
      token: digestOf(token),
      operatorId,
      address: from.address.slice(0, 100),
      agent: from.agent.slice(0, 300),
      now,
      expiresAt: now + settings.sessionLifetime,
    },
    settings.sessionsPerOperator,
  );
  return token;
}

/** The session of a request's cookies, noting that it is in use. */
export async function readSession(
  { db, clock, settings }: StudioContext,
  cookies: string | undefined,
): Promise<SessionRow | undefined> {
  const token = readCookie(cookies);
  if (token === undefined) return undefined;
  const now = clock.now();
  const session = await findSession(db, digestOf(token), now, now - settings.sessionIdle);
  if (session && now - session.seenAt > touchEvery) await touchSession(db, session.id, now);
  return session;
}

/** The session's token in a `Cookie` header (RFC 6265 §4.2). */
export function readCookie(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    const value = part.slice(at + 1).trim();
    if (at > 0 && part.slice(0, at).trim() === cookieName && /^[\w-]{43}$/.test(value)) return value;
  }
  return undefined;
}

/**
 * `Set-Cookie` of a session; with an empty token it is removed. Not readable for scripts, sent by the dashboard's own
 * pages alone, and over TLS only where it was set over TLS.
 *
 * @param lifetime milliseconds
 */
export function sessionCookie(token: string, lifetime: number, secure: boolean): string {
  const age = token === '' ? 0 : Math.floor(lifetime / 1_000);
  return `${cookieName}=${token}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
