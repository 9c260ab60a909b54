import type { Claims } from '#kernel/jwt';
import { restError } from '../../errors.ts';

/** What claims are held against. */
export interface ClaimRules {
  /** Seconds since the epoch. */
  readonly now: number;
  readonly audience: string | undefined;
}

/** Seconds by which clocks may differ. */
const skew = 30;

/** Refuses claims that are out of time or meant for somebody else (PostgREST 14 docs, "JWT Claims Validation"). @throws PGRST303 */
export function checkClaims(claims: Claims, { now, audience }: ClaimRules): void {
  const exp = numericClaim(claims, 'exp');
  if (exp !== undefined && exp < now - skew) throw refused('JWT expired');
  const nbf = numericClaim(claims, 'nbf');
  if (nbf !== undefined && nbf > now + skew) throw refused('JWT not yet valid');
  const iat = numericClaim(claims, 'iat');
  if (iat !== undefined && iat > now + skew) throw refused('JWT issued at future');
  checkAudience(claims.aud, audience);
}

// A number that is no whole one of 64 bits counts as 0, as upstream has it.
function numericClaim(claims: Claims, name: 'exp' | 'nbf' | 'iat'): number | undefined {
  const value = claims[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw refused(`The JWT '${name}' claim must be a number`);
  return Number.isInteger(value) && Math.abs(value) <= 2 ** 63 ? value : 0;
}

function checkAudience(aud: unknown, wanted: string | undefined): void {
  if (aud === undefined || aud === null) return;
  const named = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(named) || !named.every((one) => typeof one === 'string'))
    throw refused("The JWT 'aud' claim must be a string or an array of strings");
  if (wanted !== undefined && named.length > 0 && !named.includes(wanted)) throw refused('JWT not in audience');
}

const refused = (message: string) => restError('PGRST303', { message, headers: invalidToken(message) });

/** The challenge that goes with a refused token (RFC 6750 §3). */
export const invalidToken = (description: string): Readonly<Record<string, string>> => ({
  'www-authenticate': `Bearer error="invalid_token", error_description="${description}"`,
});
