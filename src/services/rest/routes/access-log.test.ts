import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { accessLine, isLogged } from './access-log.ts';

test('a line in the combined form, without what could end a field or be a secret', () => {
  const request = {
    method: 'GET',
    url: '/x?apikey=secret&a="b"',
    httpVersion: '1.1',
    headers: { referer: 'http://r', 'user-agent': 'a "b" \\' },
    socket: { remoteAddress: '10.0.0.1' },
  } as unknown as IncomingMessage;
  const time = Date.UTC(2026, 1, 3, 4, 5, 6);
  expect(accessLine(request, { status: 200, bytes: 12, role: undefined, time })).toBe(
    String.raw`10.0.0.1 - - [03/Feb/2026:04:05:06 +0000] "GET /x?apikey=[redacted]&a=\"b\" HTTP/1.1" 200 12 "http://r" "a \"b\" \\"`,
  );
});

test.each([
  ['crit', []],
  ['error', [500]],
  ['warn', [404, 500]],
  ['info', [200, 404, 500]],
  ['debug', [200, 404, 500]],
] as const)('at level %s', (level, expected) => {
  expect([200, 404, 500].filter((status) => isLogged(level, status))).toEqual(expected);
});
