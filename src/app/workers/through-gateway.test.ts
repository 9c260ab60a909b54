import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createThroughGateway, type ThroughGateway } from './through-gateway.ts';

// A gateway that says what it was asked, and in front of it one that asks by way of the mount.
const seen: IncomingMessage[] = [];
const gateway = createServer((request, response) => {
  seen.push(request);
  response.end('answered');
});
let url = '';
let through: ThroughGateway;
const front = createServer((request, response) => {
  const mount = through.mount(String(request.headers['x-mount']));
  if (mount) mount.handle(request, response);
  else response.writeHead(503).end();
});
const listen = (server: typeof front) =>
  new Promise<string>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
let frontUrl = '';

beforeAll(async () => {
  frontUrl = await listen(front);
  through = createThroughGateway({
    url: () => url,
    has: (name) => name !== 'auth',
    serviceKey: 'service',
    anonKey: 'anon',
    timeout: 10_000,
    maxSockets: 4,
  });
});
afterAll(() => {
  through.close();
  for (const server of [front, gateway]) server.close().closeAllConnections();
});

const ask = async (mount: string, path: string, headers: Record<string, string> = {}) =>
  (await fetch(frontUrl + path, { headers: { 'x-mount': mount, ...headers } })).status;

test('rooms are asked once the gateway listens, by their public paths', async () => {
  expect(await ask('rest', '/todos')).toBe(503);
  url = await listen(gateway);
  expect(await ask('rest', '/todos?id=eq.1')).toBe(200);
  expect(seen.at(-1)?.url).toBe('/rest/v1/todos?id=eq.1');
  expect(await ask('realtime', '/socket/websocket?vsn=2.0.0')).toBe(200);
  expect(seen.at(-1)?.url).toBe('/realtime/v1/websocket?vsn=2.0.0');
  for (const name of ['auth', 'meta', 'toString']) expect(await ask(name, '/')).toBe(503);
});

test('who has no token is a visitor; any other token counts before the key', async () => {
  await ask('rest', '/todos', { apikey: 'of the browser' });
  expect(seen.at(-1)?.headers).toMatchObject({ apikey: 'anon' });
  expect(seen.at(-1)?.headers).not.toHaveProperty('authorization');
  await ask('rest', '/todos', { authorization: 'Bearer of a user' });
  expect(seen.at(-1)?.headers).toMatchObject({ apikey: 'service', authorization: 'Bearer of a user' });
});
