import { expect, test } from 'vitest';
import { readCookie, sessionCookie } from './session.ts';

const token = 'a'.repeat(43);

test('finds its cookie among others, and nothing that only looks like it', () => {
  expect(readCookie(`a=1; studio_session=${token}; b=2`)).toBe(token);
  expect(readCookie(`studio_session=${token}`)).toBe(token);
  for (const header of [undefined, '', 'studio_session=', `xstudio_session=${token}`, 'studio_session=short', '=;='])
    expect(readCookie(header)).toBeUndefined();
});

test('a cookie is kept from scripts and other sites, and over TLS from plain HTTP', () => {
  expect(sessionCookie(token, 60_000, false)).toBe(
    `studio_session=${token}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict`,
  );
  expect(sessionCookie(token, 60_000, true)).toMatch(/; Secure$/);
  expect(sessionCookie('', 60_000, false)).toContain('Max-Age=0');
});
