import { expect, test } from 'vitest';
import { inertHeaders } from './inert-answer.ts';

test('what acts on the origin is told by another name, in whatever case it comes', () => {
  expect(
    inertHeaders([
      ['Set-Cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['CLEAR-SITE-DATA', '"cookies"'],
      ['Service-Worker-Allowed', '/'],
      ['Content-Type', 'text/html'],
    ]).slice(0, 5),
  ).toEqual([
    ['x-studio-set-cookie', 'a=1'],
    ['x-studio-set-cookie', 'b=2'],
    ['x-studio-clear-site-data', '"cookies"'],
    ['x-studio-service-worker-allowed', '/'],
    ['Content-Type', 'text/html'],
  ]);
});

test('a room does not say what its answer may do', () => {
  const headers = inertHeaders([
    ['Content-Security-Policy', 'script-src *'],
    ['X-Content-Type-Options', 'none'],
  ]);
  expect(headers.filter(([name]) => name.toLowerCase() === 'content-security-policy')).toEqual([
    ['content-security-policy', "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"],
  ]);
  expect(headers.filter(([name]) => name.toLowerCase() === 'x-content-type-options')).toEqual([
    ['x-content-type-options', 'nosniff'],
  ]);
});
