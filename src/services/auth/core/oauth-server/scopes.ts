import type { User } from '../../sql/rows.ts';
import { millisecondsOf } from '../instant.ts';

/** Scopes that clients may ask for. */
export const supportedScopes = ['openid', 'profile', 'email', 'phone', 'offline_access'] as const;

/** The scopes of a text, each once, in the order given; undefined when one is unknown. */
export function readScopes(text: string): readonly string[] | undefined {
  const scopes = [...new Set(text.split(' ').filter((scope) => scope !== ''))];
  return scopes.every((scope) => (supportedScopes as readonly string[]).includes(scope)) ? scopes : undefined;
}

/** Whether scopes that were allowed cover those that are asked for. */
export function covers(allowed: string, asked: string): boolean {
  const known = new Set(allowed.split(' '));
  return asked.split(' ').every((scope) => known.has(scope));
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What a client may know of a user by its scopes (OpenID Connect Core 1.0 §5.4). */
export function claimsByScope(user: User, scopes: readonly string[]): Readonly<Record<string, unknown>> {
  const data = user.raw_user_meta_data;
  const profile = {
    name: textOf(data.full_name) ?? textOf(data.name),
    picture: textOf(data.picture) ?? textOf(data.avatar_url),
    preferred_username: textOf(data.preferred_username) ?? textOf(data.user_name),
    updated_at: user.updated_at === null ? undefined : Math.floor(millisecondsOf(user.updated_at) / 1_000),
  };
  const claims = {
    ...(scopes.includes('email') &&
      user.email && { email: user.email, email_verified: user.email_confirmed_at !== null }),
    ...(scopes.includes('profile') && profile),
    ...(scopes.includes('phone') &&
      user.phone && { phone_number: user.phone, phone_number_verified: user.phone_confirmed_at !== null }),
  };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
