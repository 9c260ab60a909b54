import { describe, expect, test } from 'vitest';
import { isOwnOrigin, isOwnRequest } from './same-origin.ts';

const own = { host: 'db.example:8000', origin: 'http://db.example:8000' };

describe('what changes something', () => {
  test.each([
    ['the own page', own, true],
    ['the own page, as the browser says', { ...own, 'sec-fetch-site': 'same-origin' }, true],
    ['a program', { host: 'db.example:8000' }, true],
    ['behind a proxy', { host: '10.0.0.1', 'x-forwarded-host': 'db.example', origin: 'https://db.example' }, true],
    ['another site', { ...own, origin: 'https://evil.example' }, false],
    ['another port', { ...own, origin: 'http://db.example:9000' }, false],
    ['a sandboxed page', { ...own, origin: 'null' }, false],
    ['a page of a neighbour', { host: own.host, 'sec-fetch-site': 'same-site' }, false],
    ['a page of a stranger', { host: own.host, 'sec-fetch-site': 'cross-site' }, false],
  ])('from %s', (_who, headers, expected) => {
    expect(isOwnRequest('POST', { ...headers, 'x-studio-request': '1' })).toBe(expected);
    expect(isOwnRequest('POST', headers)).toBe(false);
    expect(isOwnRequest('DELETE', { ...headers, 'x-studio-request': 'yes' })).toBe(false);
    expect(isOwnRequest('GET', headers)).toBe(expected);
  });
});

test('a socket is judged by its origin', () => {
  expect(isOwnOrigin(own)).toBe(true);
  expect(isOwnOrigin({ ...own, origin: 'http://db.example' })).toBe(false);
  expect(isOwnOrigin({ host: 'x', origin: 'file://' })).toBe(false);
});
