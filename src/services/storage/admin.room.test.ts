import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startOn } from './testing/backends.ts';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

describe.each(['file', 's3'] as const)('orphans over %s', (backend) => {
  let storage: StorageUnderTest;
  const path = '/tenants/stub/buckets/files/orphan-objects';
  const later = () => new Date(Date.now() + 60_000).toISOString();
  const headers = { apikey: 'second-key' };
  const rows = (text: string) =>
    text
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  beforeAll(async () => {
    storage = await startOn(backend, { STORAGE_ADMIN_API_KEYS: 'first-key,second-key', STORAGE_RETENTION: '0' });
    for (const name of ['files', 'others']) await storage.request('POST', '/bucket', { body: { name } });
    for (const name of ['kept', 'a/lost row', 'lost-content'])
      await storage.request('POST', `/object/files/${encodeURI(name)}`, { body: Buffer.from(name) });
    await storage.request('POST', '/object/others/lost', { body: Buffer.from('x') });
    // What SQL deletes is no business of the store's, and what is nowhere was lost.
    await storage.db.query(`set storage.allow_delete_query = 'true'`);
    await storage.db.query(`delete from storage.objects where name in ('a/lost row', 'lost')`);
    await storage.db.query(`update storage.objects set version = gen_random_uuid()::text where name = 'lost-content'`);
  });
  afterAll(() => storage.stop());

  it('are for those with a key', async () => {
    for (const key of ['', 'third-key', 'first-key,second-key', storage.serviceKey])
      for (const method of ['GET', 'DELETE'])
        expect((await storage.request(method, path, { headers: { apikey: key } })).status).toBe(401);
    expect((await storage.request('GET', path)).status).toBe(401);
    const throughGateway = await storage.request('GET', `/storage/v1${path}`, { headers });
    expect(throughGateway.status).toBe(401);
  });

  it('are of this tenant, and older than a moment', async () => {
    expect(await storage.request('GET', path.replace('stub', 'other'), { headers })).toMatchObject({
      status: 400,
      body: { code: 'TenantNotFound', message: 'Missing tenant config for tenant other' },
    });
    expect(await storage.request('GET', `${path}?before=x`, { headers })).toMatchObject({
      status: 400,
      body: { error: 'Invalid date format' },
    });
    expect((await storage.request('GET', path, { headers })).text).toBe('');
  });

  it('are listed and removed, both ways', async () => {
    const listed = await storage.request('GET', `${path}?before=${later()}`, { headers });
    expect(listed.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const found = rows(listed.text);
    expect(found).toEqual([
      {
        event: 'data',
        type: 's3Orphans',
        value: expect.arrayContaining([
          { name: 'a/lost row', size: 10, version: expect.any(String) },
          { name: 'lost-content', size: 12, version: expect.any(String) },
        ]),
      },
      {
        event: 'data',
        type: 'dbOrphans',
        value: [{ name: 'lost-content', size: 12, version: expect.any(String) }],
      },
    ]);
    expect(found[0].value).toHaveLength(2);

    expect((await storage.request('DELETE', path, { headers, body: {} })).body).toEqual({
      error: 'At least one of deleteDbKeys or deleteS3Keys must be set to true',
    });
    const one = await storage.request('DELETE', path, { headers, body: { deleteS3Keys: true, before: later() } });
    expect(rows(one.text)).toEqual([found[0]]);
    const other = await storage.request('DELETE', path, { headers, body: { deleteDbKeys: true, before: later() } });
    expect(rows(other.text)).toEqual([found[1]]);
    expect((await storage.request('GET', `${path}?before=${later()}`, { headers })).text).toBe('');
    expect((await storage.request('GET', '/object/files/kept')).text).toBe('kept');
    expect((await storage.request('GET', '/object/files/lost-content')).status).toBe(400);
  });
});

interface Told {
  readonly event: { readonly type: string; readonly payload: object };
}

describe('webhooks', () => {
  let listener: Server;
  let storage: StorageUnderTest;
  let refusals = 0;
  const told: { readonly headers: IncomingHttpHeaders; readonly body: Told }[] = [];
  const types = () => told.map(({ body }) => body.event.type);

  beforeAll(async () => {
    listener = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        if (refusals > 0) {
          refusals -= 1;
          response.writeHead(503).end();
          return;
        }
        told.push({ headers: request.headers, body: JSON.parse(text) });
        response.end();
      });
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    storage = await startStorage({
      STORAGE_WEBHOOK_URL: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/events`,
      STORAGE_WEBHOOK_API_KEY: 'the-webhook-key',
      STORAGE_WEBHOOK_CONCURRENCY: '1',
      STORAGE_PUBLIC_URL: 'https://files.example.com/storage/v1',
    });
  });
  afterAll(async () => {
    await storage.stop();
    listener.closeAllConnections();
    await new Promise((resolve) => listener.close(resolve));
  });

  it('tell what happens, and again what was not taken', async () => {
    await storage.request('POST', '/bucket', { body: { name: 'files' } });
    refusals = 1;
    await storage.request('POST', '/object/files/a', { body: Buffer.from('abc'), headers: { 'content-type': 'a/b' } });
    await storage.request('PUT', '/object/files/a', { body: Buffer.from('abcd') });
    await storage.request('POST', '/object/copy', { body: { bucketId: 'files', sourceKey: 'a', destinationKey: 'b' } });
    await storage.request('POST', '/object/move', { body: { bucketId: 'files', sourceKey: 'b', destinationKey: 'c' } });
    await storage.request('DELETE', '/object/files', { body: { prefixes: ['a'] } });
    await storage.request('POST', '/bucket/files/empty');
    await storage.request('DELETE', '/bucket/files');
    await vi.waitFor(() => expect(told).toHaveLength(9), 60_000);
    expect(types()).toEqual([
      'Bucket:Created',
      'ObjectCreated:Post',
      'ObjectCreated:Put',
      'ObjectCreated:Copy',
      'ObjectRemoved:Move',
      'ObjectCreated:Move',
      'ObjectRemoved:Delete',
      'ObjectRemoved:Delete',
      'Bucket:Deleted',
    ]);
    expect(told[1]?.headers).toMatchObject({
      authorization: 'Bearer the-webhook-key',
      'content-type': 'application/json',
    });
    expect(told[1]?.body).toEqual({
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
    expect(told[5]?.body.event.payload).toMatchObject({
      name: 'c',
      oldObject: { bucketId: 'files', name: 'b', version: expect.any(String) },
    });
    expect(storage.logLines().join()).not.toContain('the-webhook-key');
  });
});
