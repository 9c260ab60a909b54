import { request as httpRequest } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { type Listener, requestContext, startListener } from '#kernel/http';
import { gatewaySettings } from '../settings.ts';
import { directPorts, directTarget } from './direct-ports.ts';

let listener: Listener | undefined;
afterEach(() => listener?.stop(0));

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test.each([
  ['none', undefined, uuid],
  ['that of another process', '0b6f4c2e-8d1a-4c58-9f3e-6f7f2c1d9a10', /^0b6f4c2e-8d1a-4c58-9f3e-6f7f2c1d9a10$/],
  ['one that is too long', 'x'.repeat(129), uuid],
  ['one with what breaks lines of a log', 'a "b', uuid],
])("the id of a request to a room's own port, where it comes with %s", async (_what, given, expected) => {
  const { values } = resolveSettings(gatewaySettings, { env: {}, files: [], alone: false });
  const [port] = directPorts(values);
  if (!port) throw new Error('there are no ports');
  const seen: string[] = [];
  const room = {
    handle(request: Parameters<typeof requestContext>[0], response: { end(): unknown }) {
      seen.push(requestContext(request).id);
      response.end();
    },
  };
  listener = await startListener({
    host: '127.0.0.1',
    port: 0,
    setting: 'PORT',
    maxHeaderSize: 16_384,
    headersTimeout: 5_000,
    requestTimeout: 0,
    keepAliveTimeout: 1_000,
    maxConnections: 100,
    ...directTarget(
      port,
      () => room,
      () => undefined,
    ),
  });
  const url = listener.url;
  const told = await new Promise((resolve, reject) => {
    const headers = given === undefined ? {} : { 'x-request-id': given };
    httpRequest(url, { headers }, (answer) => {
      answer.resume();
      resolve(answer.headers['x-request-id']);
    })
      .once('error', reject)
      .end();
  });
  expect(seen).toEqual([told]);
  expect(told).toMatch(expected);
});
