import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOn } from './testing/backends.ts';
import type { StorageUnderTest } from './testing/storage-under-test.ts';

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
