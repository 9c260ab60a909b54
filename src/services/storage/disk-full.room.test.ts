import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

/** Bytes that the disk still takes. */
const disk = vi.hoisted(() => ({ free: Number.POSITIVE_INFINITY }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs/promises')>();
  return {
    ...original,
    async open(...args: Parameters<typeof original.open>) {
      const file = await original.open(...args);
      const writev = file.writev.bind(file) as (...given: unknown[]) => Promise<never>;
      file.writev = async (buffers: readonly NodeJS.ArrayBufferView[], ...rest: unknown[]) => {
        const size = buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
        if (size > disk.free)
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        disk.free -= size;
        return writev(buffers, ...rest);
      };
      return file;
    },
  };
});

let storage: StorageUnderTest;

beforeAll(async () => {
  storage = await startStorage({ S3_PROTOCOL_ACCESS_KEY_ID: 'key', S3_PROTOCOL_ACCESS_KEY_SECRET: 'secret' });
  await storage.request('POST', '/bucket', { body: { name: 'b' } });
  await storage.request('POST', '/object/b/old', { body: 'old content', headers: { 'content-type': 'text/plain' } });
});
beforeEach(() => {
  disk.free = Number.POSITIVE_INFINITY;
});
afterAll(() => storage.stop());

const incoming = () => readdirSync(join(storage.folder, 'stub', '.incoming'));
const announced = () => storage.db.query('select version from _pmoves.storage_versions where due is not null');

it.each([0, 600_000])('an upload that does not fit after %i bytes is refused, and leaves nothing', async (free) => {
  disk.free = free;
  const body = Buffer.alloc(2_000_000);
  const refused = await storage.request('PUT', '/object/b/old', { body });
  expect(refused).toMatchObject({
    status: 507,
    body: { statusCode: '507', message: 'There is no space left to store the object' },
  });
  expect((await storage.request('GET', '/object/b/old')).text).toBe('old content');
  expect(incoming()).toEqual([]);
  expect(await announced()).toEqual([]);
  // What needs no space still works.
  const route = { bucketId: 'b', sourceKey: 'old', destinationKey: `copy-${free}` };
  expect((await storage.request('POST', '/object/copy', { body: route })).status).toBe(200);
  expect((await storage.request('DELETE', `/object/b/copy-${free}`)).status).toBe(200);
  await storage.db.query('update _pmoves.storage_versions set due = now() where due is not null');
  await storage.room.api.sweep();
});

it('a resumable upload keeps what fitted, and goes on when there is space again', async () => {
  const tus = { authorization: `Bearer ${storage.serviceKey}`, 'tus-resumable': '1.0.0' };
  const bytes = Buffer.alloc(2_000_000, 'x');
  const made = await fetch(`${storage.url}/upload/resumable`, {
    method: 'POST',
    headers: {
      ...tus,
      'upload-length': String(bytes.length),
      'upload-metadata': `bucketName ${btoa('b')},objectName ${btoa('resumed')}`,
    },
  });
  const location = made.headers.get('location') as string;
  const patch = (offset: number) =>
    fetch(location, {
      method: 'PATCH',
      headers: { ...tus, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
      body: bytes.subarray(offset),
    });
  disk.free = 1_000_000;
  const refused = await patch(0);
  expect([refused.status, await refused.text()]).toEqual([507, 'There is no space left to store the object']);
  const head = await fetch(location, { method: 'HEAD', headers: tus });
  const offset = Number(head.headers.get('upload-offset'));
  expect(offset).toBeLessThanOrEqual(1_000_000);
  disk.free = Number.POSITIVE_INFINITY;
  expect((await patch(offset)).status).toBe(204);
  expect((await storage.request('GET', '/object/b/resumed')).text).toBe(bytes.toString());
});
