import { describe, expect, test } from 'vitest';
import { type RawRequest, send, sendBytes } from '../support/raw-http.ts';
import { sharedStack } from '../support/shared-stack.ts';

// Requests that try to get past the gateway: odd spellings of paths, sizes, broken HTTP.
const stack = sharedStack();
const { anonKey, serviceKey } = stack.env;
const request = (options: RawRequest) => send(stack.url, options);

describe('no spelling of a path gets around a guard', () => {
  const spellings: readonly [string, number][] = [
    ['/auth/v1/verify/../admin/users', 401],
    ['/auth/v1/verify/%2e%2e/admin/users', 401],
    ['/auth/v1/verify/.%2E/admin/users', 401],
    ['/auth/v1/verify%2f..%2fadmin/users', 401],
    ['/rest/v1/../../pg/tables', 401],
    ['/storage/v1/../../pg/tables', 401],
    ['//rest/v1/todos', 401],
    ['/./rest/./v1/todos', 401],
    ['/api/./mcp', 403],
    ['/x/../mcp', 403],
    ['/realtime/v1/api/./tenants', 403],
    ['/realtime/v1/api/x/../tenants', 403],
    ['/realtime/v1/api/%74enants', 403],
    ['/%6dcp', 403],
    ['/health/../rest/v1/', 401],
    ['/health/', 401],
    ['/rest/v1/..\\..\\pg', 400],
    ['/rest/v1/%00', 400],
    ['/../../etc/passwd', 400],
    ['/%2e%2e/pg', 400],
  ];

  test.each(spellings)('%s', async (path, status) => {
    const answer = await request({ path });
    expect(answer.status).toBe(status);
  });

  test('an encoded slash stays a letter to the service behind', async () => {
    for (const path of [
      '/auth/v1/verify/..%2fadmin%2fusers',
      '/auth/v1/verify/%2e%2e%2fadmin/users',
      '/auth/v1/callback/..%2Fadmin/users',
    ]) {
      const answer = await request({ path, headers: { authorization: `Bearer ${serviceKey}` } });
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(answer.status, path).toBeLessThan(500);
      expect(answer.body, path).not.toContain('"users"');
    }
  });

  test('an anonymous key gains nothing by climbing', async () => {
    const answer = await request({ path: '/rest/v1/%2e%2e/%2e%2e/pg/tables', headers: { apikey: anonKey } });
    expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('You cannot consume this service') });
  });
});

describe('limits and malformed requests', () => {
  test('headers beyond the limit are refused, large ones below it are not', async () => {
    const large = await request({ path: '/health', headers: { cookie: 'c'.repeat(30_000) } });
    expect(large.status).toBe(200);
    const text = await sendBytes(stack.url, `GET /health HTTP/1.1\r\nHost: x\r\nCookie: ${'c'.repeat(70_000)}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('a body that is declared too large is refused before it is sent', async () => {
    const text = await sendBytes(
      stack.url,
      `POST /rest/v1/x HTTP/1.1\r\nHost: x\r\napikey: ${anonKey}\r\nContent-Length: 99999999999\r\n\r\n`,
      300,
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
  });

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['two lengths', 'POST /rest/v1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST /rest/v1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['no host', 'GET /rest/v1/ HTTP/1.1\r\n\r\n'],
    ['a line break in a header', 'GET /rest/v1/ HTTP/1.1\r\nHost: x\r\nx: a\nb\r\n\r\n'],
  ])('%s is a 400, and the next request is served', async (_name, bytes) => {
    expect(await sendBytes(stack.url, bytes)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await request({ path: '/health' })).status).toBe(200);
  });

  test('a whole URL as the target is no way around the gate', async () => {
    const text = await sendBytes(
      stack.url,
      'GET http://elsewhere.example/rest/v1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 40[0-9] /);
  });

  test('upgrades are judged like requests', async () => {
    const upgrade = (path: string) =>
      sendBytes(
        stack.url,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
    expect(await upgrade('/realtime/v1/websocket')).toMatch(/^HTTP\/1\.1 401 /);
    expect(await upgrade('/realtime/v1/websocket?apikey=nope')).toMatch(/^HTTP\/1\.1 401 /);
    expect(await upgrade('/functions/v1/x')).toMatch(/^HTTP\/1\.1 404 /);
    expect(await upgrade('/')).toMatch(/^HTTP\/1\.1 401 /);
    expect((await request({ path: '/health' })).status).toBe(200);
  });
});
