import { quoteText } from './quote.ts';

/** As whom SQL is run; undefined: as whoever is signed in to the dashboard runs it. */
export type ActAs =
  | { readonly kind: 'anon' }
  | {
      readonly kind: 'user';
      readonly id: string;
      readonly email: string;
      readonly claims?: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'service' };

/** Who asks, as requests that are passed on say it. */
export const callerOf = (as: ActAs): string => (as.kind === 'user' ? `user:${as.id}` : as.kind);

const roleOf = { anon: 'anon', user: 'authenticated', service: 'service_role' } as const;

/** The claims that a token of theirs would hold, as far as policies commonly read them. */
export function claimsOf(as: ActAs): Readonly<Record<string, unknown>> {
  const role = roleOf[as.kind];
  if (as.kind !== 'user') return { role };
  return { aud: 'authenticated', ...as.claims, sub: as.id, email: as.email, role };
}

/**
 * Statements that make the rest of the transaction run as they would, ending with a line break: sent together with others, they
 * are one transaction. They give no rows.
 */
export function actAsSql(as: ActAs | undefined): string {
  if (!as) return '';
  const claims = claimsOf(as);
  const settings = [
    ['request.jwt.claims', JSON.stringify(claims)],
    ['request.jwt.claim.sub', typeof claims.sub === 'string' ? claims.sub : ''],
    ['request.jwt.claim.role', roleOf[as.kind]],
  ] as const;
  const set = settings.map(([name, value]) => `set local ${name} = ${quoteText(value)}`);
  return `${[...set, `set local role ${roleOf[as.kind]}`].join('; ')};\n`;
}
