import type { Claims } from '#kernel/jwt';
import type { AuthSettings } from '../../settings.ts';
import type { AmrRow, SessionRow, User } from '../../sql/rows.ts';
import { millisecondsOf } from '../instant.ts';
import { hasSecondFactor } from '../user-view.ts';

const secondFactorMethods: ReadonlySet<string> = new Set(['totp', 'mfa/phone', 'mfa/webauthn', 'mfa/recovery_code']);

/** The assurance level that methods add up to. */
export const assuranceOf = (amr: readonly AmrRow[]): 'aal1' | 'aal2' =>
  amr.some(({ method }) => secondFactorMethods.has(method)) ? 'aal2' : 'aal1';

/** What of a session a token tells. */
export type SessionFacts = Pick<SessionRow, 'id' | 'created_at' | 'not_after' | 'oauth_client_id' | 'scopes'>;

/**
 * The claims of an access token (GoTrue, "JWT"). Values that a user lacks are empty texts, not absent.
 *
 * @param now milliseconds
 */
export function accessClaims(
  settings: AuthSettings,
  user: User,
  session: SessionFacts,
  amr: readonly AmrRow[],
  now: number,
): Claims & { readonly exp: number } {
  const issuedAt = Math.floor(now / 1_000);
  const aal = assuranceOf(amr);
  let expires = issuedAt + settings.jwtExpiry;
  if (session.not_after !== null) expires = Math.min(expires, Math.floor(millisecondsOf(session.not_after) / 1_000));
  if (settings.sessionLowAal !== undefined && aal === 'aal1' && hasSecondFactor(user))
    expires = Math.min(expires, Math.floor((millisecondsOf(session.created_at) + settings.sessionLowAal) / 1_000));
  return {
    ...(settings.jwtIssuer && { iss: settings.jwtIssuer }),
    sub: user.id,
    aud: user.aud,
    exp: expires,
    iat: issuedAt,
    email: user.email ?? '',
    phone: user.phone ?? '',
    app_metadata: user.raw_app_meta_data,
    user_metadata: user.raw_user_meta_data,
    role: user.role,
    aal,
    amr: amr.map((entry) => amrClaim(user, entry)),
    session_id: session.id,
    is_anonymous: user.is_anonymous,
    ...(session.oauth_client_id !== null && { client_id: session.oauth_client_id, scope: session.scopes ?? '' }),
  };
}

// Single sign-on says by which provider, since policies of applications tell organisations apart by it.
function amrClaim(user: User, { method, updated_at }: AmrRow): Claims {
  const sso = method === 'sso/saml' ? user.identities.find(({ provider }) => provider.startsWith('sso:')) : undefined;
  return {
    method,
    timestamp: Math.floor(millisecondsOf(updated_at) / 1_000),
    ...(sso && { provider: sso.provider.slice('sso:'.length) }),
  };
}
