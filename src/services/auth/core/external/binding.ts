import { createHmac, hkdfSync, randomUUID } from 'node:crypto';
import { equalInConstantTime } from '../constant-time.ts';
import { isUuid } from '../uuid.ts';

/**
 * Binds sign-ins with a provider to the browser they began in, by a cookie, so that nobody can have somebody else's browser
 * finish a sign-in (RFC 6749 §10.12), or finish one elsewhere whose answer they came by. Sign-ins with a code challenge are
 * bound to their client already (RFC 7636), unless they add an identity, which happens before the exchange; and those that
 * a program begins have no browser yet (decision 16).
 */
export interface SignInBinding {
  /** A new state, which says of itself whether it is bound. */
  newState(bound: boolean): string;
  /** The cookie for a state. @param callback where the browser will come back */
  cookieFor(state: string, callback: URL): string;
  /** Whether a browser may finish what a state began. @param cookies its header */
  fits(state: string, cookies: string | undefined): boolean;
}

/** Seconds after which a browser forgets; by then the state is no longer good either. */
const cookieLife = 3_600;

// RFC 9562 §5.8: the version of UUIDs whose meaning is their maker's own. A state is looked for as a whole, so that nobody
// turns a bound one into another.
const boundVersion = '8';
const versionAt = 14;

/** Whether a state can be finished only by the browser that began. */
export const isBound = (state: string): boolean => isUuid(state) && state[versionAt] === boundVersion;

/** @param secret the installation's JWT secret; the key of cookies is derived from it */
export function createSignInBinding(secret: string): SignInBinding {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'auth sign-ins of browsers', 32));
  const cookieValue = (state: string): string =>
    createHmac('sha256', key).update(state.toLowerCase()).digest('base64url');
  const cookieName = (state: string): string => `sb-sign-in-${state.slice(0, 8).toLowerCase()}`;
  return {
    newState(bound) {
      const id = randomUUID();
      return bound ? `${id.slice(0, versionAt)}${boundVersion}${id.slice(versionAt + 1)}` : id;
    },
    cookieFor(state, { protocol, pathname }) {
      // A provider that comes back by a form (Apple) comes from its own site.
      const site = protocol === 'https:' ? 'SameSite=None; Secure' : 'SameSite=Lax';
      return `${cookieName(state)}=${cookieValue(state)}; Path=${pathname}; Max-Age=${cookieLife}; HttpOnly; ${site}`;
    },
    fits(state, cookies = '') {
      if (!isBound(state)) return true;
      const name = `${cookieName(state)}=`;
      const cookie = cookies.split(/;\s*/).find((part) => part.startsWith(name));
      return cookie !== undefined && equalInConstantTime(cookie.slice(name.length), cookieValue(state));
    },
  };
}
