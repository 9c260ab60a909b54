import { randomUUID } from 'node:crypto';
import { findUser } from '../../sql/users.ts';
import type { AuthContext } from '../context.ts';
import { instantAt } from '../instant.ts';
import { claimsFor } from './access-token.ts';

/** Milliseconds it is good for. */
const lifetime = 60_000;

/**
 * An access token of a user as signing in with a password gives it, but for a minute and with no session behind it: nothing is
 * kept, it cannot be refreshed, and auth's own paths refuse it.
 *
 * @returns undefined without such a user @param id a UUID @throws whatever the hook for claims says
 */
export async function passingToken(context: AuthContext, id: string): Promise<string | undefined> {
  const user = await findUser(context.db, id);
  if (!user) return undefined;
  const now = context.clock.now();
  const session = {
    id: randomUUID(),
    created_at: instantAt(now),
    not_after: instantAt(now + lifetime),
    oauth_client_id: null,
    scopes: null,
  };
  const method = 'password';
  const amr = [{ method, updated_at: instantAt(now) }];
  const claims = await claimsFor(context, { user, session, amr, method, ip: null });
  // A hook may have said otherwise.
  return context.signer.sign({ ...claims, exp: Math.min(claims.exp, Math.floor((now + lifetime) / 1_000)) });
}
