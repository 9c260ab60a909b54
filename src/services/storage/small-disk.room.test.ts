import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditOf, type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
// Only root may, and not in every container.
const isMounted =
  process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]).status === 0;

describe.skipIf(!isMounted)('a disk of 8 MiB', () => {
  let storage: StorageUnderTest;
  const put = (name: string, size: number) =>
    storage.request('PUT', `/object/b/${name}`, { body: Buffer.alloc(size, name) });
  const verified = async () => {
    const audit = await auditOf(storage);
    return audit.findings().finally(audit.close);
  };

  beforeAll(async () => {
    storage = await startStorage({ STORAGE_RETENTION: '0' }, { folder });
    await storage.request('POST', '/bucket', { body: { name: 'b' } });
  });
  afterAll(async () => {
    await storage.stop();
    spawnSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes what fits, refuses what does not, and loses nothing', async () => {
    expect((await put('fits', 5_000_000)).status).toBe(200);
    for (const name of ['too-large', 'fits'])
      expect(await put(name, 5_000_000)).toMatchObject({ status: 507, body: { statusCode: '507' } });
    const answers = await Promise.all(Array.from({ length: 6 }, (_, at) => put(`small-${at}`, 1_000_000)));
    expect(answers.every(({ status }) => status === 200 || status === 507)).toBe(true);
    expect(answers.some(({ status }) => status === 507)).toBe(true);
    expect((await storage.request('GET', '/object/b/fits')).text.length).toBe(5_000_000);
    await storage.db.query('update _pmoves.storage_versions set due = now() where due is not null');
    await storage.room.api.sweep();
    expect(await verified()).toEqual([]);
  });

  it('takes more when there is room again', async () => {
    expect((await storage.request('DELETE', '/object/b/fits')).status).toBe(200);
    await storage.room.api.sweep();
    expect((await put('again', 3_000_000)).status).toBe(200);
    expect((await storage.request('GET', '/object/b/again')).text.length).toBe(3_000_000);
    expect(await verified()).toEqual([]);
  });
});
