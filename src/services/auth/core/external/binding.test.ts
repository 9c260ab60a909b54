import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isUuid } from '../uuid.ts';
import { createSignInBinding, isBound } from './binding.ts';

const binding = createSignInBinding('a-secret-for-tests-of-at-least-thirty-two-characters');
const callback = new URL('https://api.example.com/auth/v1/callback');
const pairOf = (cookie: string): string => cookie.split(';')[0] ?? '';

it('states say of themselves whether they are bound', () => {
  for (const bound of [true, false]) {
    const state = binding.newState(bound);
    expect(isUuid(state)).toBe(true);
    expect(isBound(state)).toBe(bound);
    expect(binding.fits(state, undefined)).toBe(!bound);
  }
});

it('a bound state goes with its own cookie, among any others, and with none of another state or installation', () => {
  const other = createSignInBinding('another-secret-for-tests-of-at-least-thirty-two-characters');
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z-]{1,9}=[A-Za-z0-9]{0,9}$/), { maxLength: 4 }), (cookies) => {
      const state = binding.newState(true);
      const own = pairOf(binding.cookieFor(state, callback));
      expect(binding.fits(state, [...cookies, own].join('; '))).toBe(true);
      expect(binding.fits(state.toUpperCase(), own)).toBe(true);
      expect(binding.fits(state, cookies.join('; '))).toBe(false);
      expect(binding.fits(state, pairOf(other.cookieFor(state, callback)))).toBe(false);
      expect(binding.fits(binding.newState(true), own)).toBe(false);
      expect(binding.fits(state, `${own}x`)).toBe(false);
    }),
    { numRuns: 30 },
  );
});

it('the cookie goes to the callback alone, and back from a form of another site where that is possible', () => {
  const state = binding.newState(true);
  expect(binding.cookieFor(state, callback)).toMatch(
    /; Path=\/auth\/v1\/callback; Max-Age=3600; HttpOnly; SameSite=None; Secure$/,
  );
  expect(binding.cookieFor(state, new URL('http://localhost:8000/auth/v1/callback'))).toMatch(
    /HttpOnly; SameSite=Lax$/,
  );
});
