import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabaseEgress } from './database-egress.ts';

const server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
let gateway = '';
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  gateway = `http://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const none = { egressAllow: [], publicUrl: undefined };

test('the own gateway may be reached, by each of its names', async () => {
  const egress = createDatabaseEgress(none, gateway);
  const { port } = new URL(gateway);
  for (const url of [`http://127.0.0.1:${port}/a?b=1`, 'http://kong:8000/a?b=1', 'http://supabase-kong:8000/a?b=1'])
    expect((await egress.request(url)).body.toString(), url).toBe('GET /a?b=1');
});

test('other ports of this machine may not', async () => {
  const egress = createDatabaseEgress(none, gateway);
  for (const url of ['http://127.0.0.1:1/', 'http://localhost:5432/', 'http://[::1]/', 'http://10.0.0.1/'])
    await expect(egress.request(url), url).rejects.toMatchObject({ reason: 'refused' });
});

test('the public address is the own gateway too, and exceptions are', async () => {
  const { port } = new URL(gateway);
  const named = createDatabaseEgress({ egressAllow: [], publicUrl: `http://127.0.0.1:${port}/` }, '');
  expect((await named.request(`http://127.0.0.1:${port}/x`)).body.toString()).toBe('GET /x');
  const allowed = createDatabaseEgress({ egressAllow: [`127.0.0.1:${port}`], publicUrl: undefined }, '');
  expect((await allowed.request(`http://127.0.0.1:${port}/y`)).body.toString()).toBe('GET /y');
});

test('text that is no URL is refused as such', async () => {
  await expect(createDatabaseEgress(none, gateway).request('kong')).rejects.toMatchObject({ reason: 'refused' });
});
