import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tus from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditUnderTest, auditOf, type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

// The S3 backend's server is the room itself, on the file backend: both sides are tested.
let below: StorageUnderTest;
let storage: StorageUnderTest;
const keys = { S3_PROTOCOL_ACCESS_KEY_ID: 'key', S3_PROTOCOL_ACCESS_KEY_SECRET: 'secret' };
let env: Record<string, string>;

beforeAll(async () => {
  below = await startStorage({ ...keys, FILE_SIZE_LIMIT: '1GB' });
  await below.request('POST', '/bucket', { body: { name: 'backend' } });
  env = {
    STORAGE_BACKEND: 's3',
    GLOBAL_S3_BUCKET: 'backend',
    GLOBAL_S3_ENDPOINT: `${below.url}/storage/v1/s3`,
    GLOBAL_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    STORAGE_S3_UPLOAD_PART_SIZE: '5MB',
  };
  storage = await startStorage(env);
  await storage.request('POST', '/bucket', { body: { name: 'b' } });
});
afterAll(async () => {
  await storage.stop();
  await below.stop();
});

describe('the S3 backend', () => {
  it('stores, reads ranges, copies, moves and removes', async () => {
    const large = randomBytes(11 * 1024 * 1024);
    for (const [name, body] of [
      ['small', Buffer.from('0123456789')],
      ['empty', Buffer.alloc(0)],
      ['large', large],
    ] as const)
      expect(
        (await storage.request('POST', `/object/b/${name}`, { body, headers: { 'content-type': 'a/b' } })).status,
      ).toBe(200);
    const token = `Bearer ${storage.serviceKey}`;
    const back = await (
      await fetch(`${storage.url}/object/b/large`, { headers: { authorization: token } })
    ).arrayBuffer();
    expect(Buffer.from(back).equals(large)).toBe(true);
    expect((await storage.request('GET', '/object/b/empty')).text).toBe('');
    const range = await storage.request('GET', '/object/b/small', { headers: { range: 'bytes=-3' } });
    expect([range.status, range.text]).toEqual([206, '789']);
    const route = { bucketId: 'b', sourceKey: 'small', destinationKey: 'x/copy' };
    expect((await storage.request('POST', '/object/copy', { body: route })).status).toBe(200);
    expect(
      (await storage.request('POST', '/object/move', { body: { ...route, destinationKey: 'moved' } })).status,
    ).toBe(200);
    expect((await storage.request('GET', '/object/b/x/copy')).text).toBe('0123456789');
    expect((await storage.request('GET', '/object/b/moved')).text).toBe('0123456789');
    await storage.request('DELETE', '/object/b/moved');
    await storage.db.query('update _pmoves.storage_versions set due = now() where due is not null');
    await storage.room.api.sweep();
    const listed = await below.request('POST', '/object/list-v2/backend', { body: {} });
    expect(listed.body.objects.map(({ name }: { name: string }) => name.split('/').slice(1, -1).join('/'))).toEqual([
      'b/empty',
      'b/large',
      'b/x/copy',
    ]);
  });

  it('takes resumable uploads', async () => {
    const bytes = randomBytes(11 * 1024 * 1024);
    await new Promise<void>((resolve, reject) =>
      new tus.Upload(bytes, {
        endpoint: `${storage.url}/upload/resumable`,
        chunkSize: 6 * 1024 * 1024,
        retryDelays: [],
        headers: { authorization: `Bearer ${storage.serviceKey}` },
        metadata: { bucketName: 'b', objectName: 'tus' },
        onSuccess: () => resolve(),
        onError: reject,
      }).start(),
    );
    const back = await fetch(`${storage.url}/object/b/tus`, {
      headers: { authorization: `Bearer ${storage.serviceKey}` },
    });
    expect(Buffer.from(await back.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('does not start without its server', async () => {
    const wrong = await startStorage(env, { db: storage.db });
    const [row] = await storage.db.query<{ id: string }>(`select id from storage.objects where name = 'small'`);
    expect(row).toBeUndefined();
    await wrong.stop();
    await expect(
      startStorage({ ...env, GLOBAL_S3_ENDPOINT: 'http://127.0.0.1:1' }, { db: storage.db }),
    ).rejects.toThrow(/GLOBAL_S3_ENDPOINT/);
  });
});

describe('an audit', () => {
  const bucketFolder = () => join(below.folder, 'stub', 'stub', 'audit');
  const fileOf = (name: string) => {
    const folder = join(bucketFolder(), name);
    return join(folder, readdirSync(folder)[0] as string);
  };
  const strange = 'aaaaaaaa-0000-4000-8000-000000000000';
  let audit: AuditUnderTest;

  beforeAll(async () => {
    await below.request('POST', '/bucket', { body: { name: 'audit' } });
    audit = await auditOf(below);
  });
  afterAll(() => audit.close());

  it('finds what is missing or damaged, and nothing else', async () => {
    for (const name of ['gone', 'longer', 'other', 'fine'])
      await below.request('POST', `/object/audit/${name}`, { body: 'content' });
    expect(await audit.findings()).toEqual([]);
    rmSync(fileOf('gone'));
    appendFileSync(fileOf('longer'), 'x');
    writeFileSync(fileOf('other'), 'CONTENT');
    expect(await audit.findings(false)).toEqual(['damaged audit/longer', 'missing audit/gone']);
    expect(await audit.findings()).toEqual(['damaged audit/longer', 'damaged audit/other', 'missing audit/gone']);
    await below.request('DELETE', '/object/audit', { body: { prefixes: ['gone', 'longer', 'other'] } });
    expect(await audit.findings()).toEqual([]);
  });

  it('finds what nothing needs, and removes it; what is under way, and very old content without a version, stays', async () => {
    // Content that nobody knows, and what an attempt that was killed left behind.
    mkdirSync(join(bucketFolder(), 'lost'));
    writeFileSync(join(bucketFolder(), 'lost', strange), 'x');
    const [fine] = readdirSync(join(bucketFolder(), 'fine'));
    const incoming = join(below.folder, 'stub', '.incoming');
    for (const name of [strange, `${fine}.${strange}`]) writeFileSync(join(incoming, name), 'x');
    // A row that SQL deleted.
    await below.request('POST', '/object/audit/by-sql', { body: 'content' });
    await below.db.query(
      `do $$ begin
         perform set_config('storage.allow_delete_query', 'true', true);
         delete from storage.objects where name = 'by-sql';
       end $$`,
    );
    const bySql = `audit/by-sql/${readdirSync(join(bucketFolder(), 'by-sql'))[0]}`;
    // An upload under way, and a row from before there were versions.
    const begun = await fetch(`${below.url}/upload/resumable`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${below.serviceKey}`,
        'tus-resumable': '1.0.0',
        'upload-length': '10',
        'upload-metadata': `bucketName ${btoa('audit')},objectName ${btoa('begun')}`,
        'content-type': 'application/offset+octet-stream',
      },
      body: 'half',
    });
    expect(begun.status).toBe(201);
    writeFileSync(join(bucketFolder(), 'old.txt'), 'old');
    await below.db.query(
      `insert into storage.objects (bucket_id, name, metadata) values ('audit', 'old.txt', '{"size": 3}')`,
    );
    expect((await below.request('GET', '/object/audit/old.txt')).text).toBe('old');

    const orphans = [
      `stub/.incoming/${strange}`,
      `stub/.incoming/${fine}.${strange}`,
      `stub/stub/audit/lost/${strange}`,
      `stub/stub/${bySql}`,
    ];
    expect(await audit.findings()).toEqual(orphans.map((place) => `orphan ${place}`).sort());
    expect(await audit.collect()).toEqual({ orphans: 3, retired: 1 });
    expect(await audit.findings()).toEqual([]);
    // SQL may be taken back, too: its content goes with the retention time.
    expect(existsSync(join(below.folder, 'stub', 'stub', bySql))).toBe(true);
    expect((await below.request('GET', '/object/audit/old.txt')).text).toBe('old');
    const location = begun.headers.get('location') as string;
    const rest = await fetch(location, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${below.serviceKey}`,
        'tus-resumable': '1.0.0',
        'upload-offset': '4',
        'content-type': 'application/offset+octet-stream',
      },
      body: ' more.',
    });
    expect(rest.status).toBe(204);
    expect((await below.request('GET', '/object/audit/begun')).text).toBe('half more.');
  });

  it('of an S3 server finds pieces that an upload grew from', async () => {
    await storage.request('POST', '/object/b/grown', { body: 'content' });
    const [row] = await storage.db.query<{ version: string }>(
      `select version from storage.objects where name = 'grown'`,
    );
    const piece = `stub/b/grown/${row?.version}.pieces/0000000000000000`;
    await below.request('POST', `/object/backend/${piece}`, { body: 'x' });
    await below.request('POST', `/object/backend/stub/b/lost/${strange}`, { body: 'x' });
    const remote = await auditOf(storage);
    expect(await remote.findings()).toEqual([`orphan ${piece}`, `orphan stub/b/lost/${strange}`]);
    expect(await remote.collect()).toMatchObject({ orphans: 2 });
    expect(await remote.findings()).toEqual([]);
    await remote.close();
    expect((await storage.request('GET', '/object/b/grown')).text).toBe('content');
  });
});
