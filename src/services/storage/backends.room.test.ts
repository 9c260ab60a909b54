import { randomBytes } from 'node:crypto';
import { appendFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tus from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { openStorageAudit } from './core/open-audit.ts';
import { storageSettings } from './settings.ts';
import { type StorageUnderTest, startStorage, testSecret } from './testing/storage-under-test.ts';

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
  const findings = async (deep = false) => {
    const { values } = resolveSettings(storageSettings, {
      env: { JWT_SECRET: testSecret, STORAGE_FILE_BACKEND_PATH: below.folder, ...keys },
      files: [],
      alone: false,
    });
    const audit = await openStorageAudit(values, below.db.connection('supabase_storage_admin'), below.folder);
    const found: string[] = [];
    for await (const { kind, place } of audit.verify(deep)) found.push(`${kind} ${place}`);
    await audit.close();
    return found;
  };
  const fileOf = (name: string) => {
    const folder = join(below.folder, 'stub', 'stub', 'audit', name);
    return join(folder, readdirSync(folder)[0] as string);
  };

  it('finds what is missing, damaged or nobody’s, and nothing else', async () => {
    await below.request('POST', '/bucket', { body: { name: 'audit' } });
    for (const name of ['gone', 'longer', 'other', 'fine'])
      await below.request('POST', `/object/audit/${name}`, { body: 'content' });
    expect(await findings(true)).toEqual([]);
    rmSync(fileOf('gone'));
    appendFileSync(fileOf('longer'), 'x');
    writeFileSync(fileOf('other'), 'CONTENT');
    expect((await findings()).sort()).toEqual(['damaged audit/longer', 'missing audit/gone']);
    expect((await findings(true)).sort()).toEqual([
      'damaged audit/longer',
      'damaged audit/other',
      'missing audit/gone',
    ]);
  });
});
