import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { listDeliveries, reviveDeliveries } from '#kernel/deliveries';
import { createDatabase, type Database } from '#kernel/sql';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

interface Told {
  readonly event: { readonly type: string; readonly payload: { readonly name: string; readonly bucketId: string } };
}

let listener: Server;
let storage: StorageUnderTest;
let admin: Database;
let settings: Record<string, string>;
/** What the receiver answers next, before it takes anything. */
let refusals: number[] = [];
const told: { readonly headers: IncomingHttpHeaders; readonly body: Told }[] = [];
const typesOf = (name: string) =>
  told.filter(({ body }) => body.event.payload.name === name).map((each) => each.body.event.type);
const bucketEvents = () =>
  told.filter(({ body }) => body.event.payload.name === undefined).map(({ body }) => body.event.type);
const waiting = async () =>
  (await listDeliveries(admin, { state: 'waiting', queue: 'storage_webhooks', limit: 99 })).length;

beforeAll(async () => {
  listener = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const refusal = refusals.shift();
      if (refusal !== undefined) {
        response.writeHead(refusal).end();
        return;
      }
      told.push({ headers: request.headers, body: JSON.parse(text) });
      response.end();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  settings = {
    STORAGE_WEBHOOK_URL: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/events`,
    STORAGE_WEBHOOK_API_KEY: 'the-webhook-key',
    STORAGE_WEBHOOK_RETRIES: '1',
    STORAGE_PUBLIC_URL: 'https://files.example.com/storage/v1',
  };
  storage = await startStorage(settings);
  admin = createDatabase({ connection: storage.db.connection('supabase_admin'), size: 1 });
});
afterAll(async () => {
  await admin?.close();
  await storage?.stop();
  listener.closeAllConnections();
  await new Promise((resolve) => listener.close(resolve));
});

it('tell what happens, in order for each object, and again what was not taken', async () => {
  await storage.request('POST', '/bucket', { body: { name: 'files' } });
  refusals = [503];
  await storage.request('POST', '/object/files/a', { body: Buffer.from('abc'), headers: { 'content-type': 'a/b' } });
  await storage.request('PUT', '/object/files/a', { body: Buffer.from('abcd') });
  await storage.request('POST', '/object/copy', { body: { bucketId: 'files', sourceKey: 'a', destinationKey: 'b' } });
  await storage.request('POST', '/object/move', { body: { bucketId: 'files', sourceKey: 'b', destinationKey: 'c' } });
  await storage.request('DELETE', '/object/files', { body: { prefixes: ['a'] } });
  await storage.request('POST', '/bucket/files/empty');
  await storage.request('DELETE', '/bucket/files');
  await vi.waitFor(() => expect(told).toHaveLength(9), 60_000);
  expect(typesOf('a')).toEqual(['ObjectCreated:Post', 'ObjectCreated:Put', 'ObjectRemoved:Delete']);
  expect(typesOf('b')).toEqual(['ObjectCreated:Copy', 'ObjectRemoved:Move']);
  expect(typesOf('c')).toEqual(['ObjectCreated:Move', 'ObjectRemoved:Delete']);
  expect(bucketEvents()).toEqual(['Bucket:Created', 'Bucket:Deleted']);
  const first = told.find(({ body }) => body.event.type === 'ObjectCreated:Post');
  expect(first?.headers).toMatchObject({
    authorization: 'Bearer the-webhook-key',
    'content-type': 'application/json',
    'webhook-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(first?.body).toEqual({
    type: 'Webhook',
    event: {
      $version: 'v1',
      type: 'ObjectCreated:Post',
      region: 'stub',
      applyTime: expect.any(Number),
      payload: {
        bucketId: 'files',
        name: 'a',
        version: expect.any(String),
        metadata: expect.objectContaining({ size: 3, mimetype: 'a/b' }),
      },
    },
    sentAt: expect.stringMatching(/^\d{4}-.*Z$/),
    tenant: { ref: 'stub', host: 'files.example.com' },
  });
  expect(told.find(({ body }) => body.event.type === 'ObjectCreated:Move')?.body.event.payload).toMatchObject({
    name: 'c',
    oldObject: { bucketId: 'files', name: 'b', version: expect.any(String) },
  });
  expect(storage.logLines().join()).not.toContain('the-webhook-key');
  await vi.waitFor(async () => expect(await waiting()).toBe(0), 60_000);
});

it('keep what nobody took, and tell it when it is revived', async () => {
  told.length = 0;
  refusals = [500, 302];
  await storage.request('POST', '/bucket', { body: { name: 'refused' } });
  const dead = await vi.waitFor(async () => {
    const found = await listDeliveries(admin, { state: 'dead', queue: 'storage_webhooks', limit: 9 });
    expect(found).toHaveLength(1);
    return found[0];
  }, 60_000);
  expect(dead).toMatchObject({ target: 'webhook', attempts: [{ status: 500 }, { status: 302 }] });
  await vi.waitFor(() => expect(storage.logLines().join()).toContain('an event could not be told'), 60_000);
  expect(told).toEqual([]);
  expect(await reviveDeliveries(admin, { queue: 'storage_webhooks' })).toBe(1);
  await vi.waitFor(() => expect(bucketEvents()).toEqual(['Bucket:Created']), 60_000);
});

it('tell nothing of what was taken back', async () => {
  told.length = 0;
  await storage.request('POST', '/bucket', { body: { name: 'twice' } });
  expect((await storage.request('POST', '/bucket', { body: { name: 'twice' } })).body).toMatchObject({
    statusCode: '409',
  });
  await storage.request('POST', '/object/twice/a', { body: Buffer.from('x'), token: storage.anonKey });
  await storage.request('POST', '/object/twice/b', { body: Buffer.from('x') });
  await vi.waitFor(async () => expect([told.length, await waiting()]).toEqual([2, 0]), 60_000);
  expect(told.map(({ body }) => body.event.type).sort()).toEqual(['Bucket:Created', 'ObjectCreated:Post']);
});

it('need a place for what waits, and say what to do where there is none', async () => {
  const surroundings = { db: storage.db, folder: storage.folder, isAlone: true };
  await expect(startStorage(settings, surroundings)).rejects.toMatchObject({
    message: expect.stringContaining('supabase_storage_admin may neither make nor work on'),
    setting: 'STORAGE_WEBHOOK_URL',
  });
});
