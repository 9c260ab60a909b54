import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

// Two nodes over one database and one folder.
let one: StorageUnderTest;
let two: StorageUnderTest;

beforeAll(async () => {
  const env = { STORAGE_TUS_LOCK_TIMEOUT: '20s', STORAGE_ABANDONED_AFTER: '24h' };
  one = await startStorage(env);
  two = await startStorage(env, { db: one.db, folder: one.folder });
  await one.request('POST', '/bucket', { body: { name: 'b' } });
});
afterAll(async () => {
  await two.stop();
  await one.stop();
});

const tus = (node: StorageUnderTest) => ({ authorization: `Bearer ${node.serviceKey}`, 'tus-resumable': '1.0.0' });
const body = { 'content-type': 'application/offset+octet-stream' };

/** @returns the path of a new upload */
async function create(node: StorageUnderTest, name: string, length: number, headers: Record<string, string> = {}) {
  const made = await fetch(`${node.url}/upload/resumable`, {
    method: 'POST',
    headers: {
      ...tus(node),
      'upload-length': String(length),
      'upload-metadata': `bucketName ${btoa('b')},objectName ${btoa(name)}`,
      ...headers,
    },
  });
  expect(made.status).toBe(201);
  return new URL(made.headers.get('location') as string).pathname;
}

const patch = (node: StorageUnderTest, path: string, offset: number, bytes: Buffer) =>
  fetch(node.url + path, {
    method: 'PATCH',
    headers: { ...tus(node), ...body, 'upload-offset': String(offset) },
    body: bytes as unknown as BodyInit,
  });
const head = (node: StorageUnderTest, path: string) => fetch(node.url + path, { method: 'HEAD', headers: tus(node) });
const offsetOf = async (node: StorageUnderTest, path: string) =>
  Number((await head(node, path)).headers.get('upload-offset'));
const download = async (name: string) =>
  Buffer.from(
    await (
      await fetch(`${two.url}/object/b/${name}`, { headers: { authorization: `Bearer ${two.serviceKey}` } })
    ).arrayBuffer(),
  );
const versionOf = (path: string) =>
  Buffer.from(path.split('/').at(-1) as string, 'base64url')
    .toString()
    .split('/')
    .at(-1) as string;
const incoming = () => readdirSync(join(one.folder, 'stub', '.incoming'));

describe('two nodes', () => {
  it('take turns with the pieces of one upload', async () => {
    const bytes = randomBytes(3_000);
    const path = await create(one, 'turns', bytes.length);
    expect((await patch(two, path, 0, bytes.subarray(0, 1_000))).status).toBe(204);
    expect(await offsetOf(one, path)).toBe(1_000);
    expect((await patch(one, path, 1_000, bytes.subarray(1_000, 2_000))).status).toBe(204);
    expect((await patch(two, path, 2_000, bytes.subarray(2_000))).headers.get('tus-complete')).toBe('1');
    expect((await download('turns')).equals(bytes)).toBe(true);
  });

  it('whoever comes second makes the first let go, and goes on behind what was received', async () => {
    const bytes = randomBytes(200_000);
    const path = await create(one, 'contended', bytes.length);
    // A client whose connection hangs, on the first node.
    const hanging = request(one.url + path, {
      method: 'PATCH',
      headers: { ...tus(one), ...body, 'upload-offset': '0', 'content-length': bytes.length },
    });
    hanging.on('error', () => {});
    hanging.write(bytes.subarray(0, 100_000));
    await expect.poll(incoming, { timeout: 20_000 }).toHaveLength(1);
    // The client comes back, at the second node.
    const offset = await offsetOf(two, path);
    expect(offset).toBeLessThanOrEqual(100_000);
    expect((await patch(two, path, offset, bytes.subarray(offset))).headers.get('tus-complete')).toBe('1');
    hanging.destroy();
    expect((await download('contended')).equals(bytes)).toBe(true);
    expect(incoming()).toEqual([]);
  });

  it('finish an upload once, however many ask', async () => {
    const bytes = randomBytes(100_000);
    const path = await create(one, 'once', bytes.length);
    const events = one.events.length + two.events.length;
    await patch(one, path, 0, bytes.subarray(0, 99_999));
    const answers = await Promise.all(
      [one, two, one, two].map((node) => patch(node, path, 99_999, bytes.subarray(99_999))),
    );
    expect(answers.map(({ status }) => status).filter((status) => status === 204)).toHaveLength(1);
    expect(one.events.length + two.events.length).toBe(events + 1);
    expect((await download('once')).equals(bytes)).toBe(true);
  });
});

describe('an upload whose node died when all bytes were there', () => {
  it.each([0, 1_234])('of %i bytes is an object before a client hears that nothing is missing', async (size) => {
    const bytes = randomBytes(size);
    const path = await create(one, `left-${size}`, size === 0 ? 1 : size);
    // What the node left: all bytes, and no object.
    if (size === 0)
      await one.db.query('update _pmoves.storage_uploads set size = 0 where version = $1', [versionOf(path)]);
    else writeFileSync(join(one.folder, 'stub', '.incoming', versionOf(path)), bytes);
    expect(await offsetOf(two, path)).toBe(size);
    expect((await download(`left-${size}`)).equals(bytes)).toBe(true);
    expect(await offsetOf(one, path)).toBe(size);
  });

  it('is not finished for somebody who may not', async () => {
    const path = await create(one, 'left-alone', 3);
    writeFileSync(join(one.folder, 'stub', '.incoming', versionOf(path)), 'abc');
    const refused = await fetch(two.url + path, {
      method: 'HEAD',
      headers: { ...tus(two), authorization: `Bearer ${two.anonKey}` },
    });
    expect(refused.status).toBe(403);
    expect((await two.request('GET', '/object/b/left-alone')).body).toMatchObject({ statusCode: '404' });
  });

  it('is told that its name was taken meanwhile', async () => {
    const path = await create(one, 'left-taken', 3);
    writeFileSync(join(one.folder, 'stub', '.incoming', versionOf(path)), 'abc');
    await one.request('POST', '/object/b/left-taken', { body: 'faster' });
    expect((await head(two, path)).status).toBe(409);
    expect((await download('left-taken')).toString()).toBe('faster');
  });
});

describe('an upload that nobody goes on with', () => {
  it('is gone after its time, with its bytes', async () => {
    const path = await create(one, 'expired', 10);
    await patch(one, path, 0, Buffer.from('half'));
    expect(incoming()).toContain(versionOf(path));
    const [row] = await one.db.query<{ due: Date }>('select due from _pmoves.storage_versions where version = $1', [
      versionOf(path),
    ]);
    expect((row?.due.getTime() ?? 0) - Date.now()).toBeGreaterThan(80_000_000);
    await one.db.query(`update _pmoves.storage_versions set due = now() - interval '1 second' where version = $1`, [
      versionOf(path),
    ]);
    expect((await patch(two, path, 4, Buffer.from('more'))).status).toBe(404);
    expect((await head(two, path)).status).toBe(404);
    await two.room.api.sweep();
    expect(incoming()).not.toContain(versionOf(path));
    expect(await one.db.query('select from _pmoves.storage_uploads where version = $1', [versionOf(path)])).toEqual([]);
  });

  it('is refused when it was begun too long ago', async () => {
    const path = await create(one, 'old', 10);
    await one.db.query(
      `update _pmoves.storage_uploads set created_at = now() - interval '25 hours' where version = $1`,
      [versionOf(path)],
    );
    expect((await patch(two, path, 0, Buffer.from('x'))).status).toBe(410);
    expect((await head(two, path)).status).toBe(410);
  });
});

it('public addresses: the setting counts for more than what proxies say', async () => {
  const named = await startStorage(
    { STORAGE_PUBLIC_URL: 'https://files.example.com/storage/v1' },
    { db: one.db, folder: one.folder },
  );
  const made = await fetch(`${named.url}/upload/resumable`, {
    method: 'POST',
    headers: {
      ...tus(named),
      'upload-length': '1',
      'upload-metadata': `bucketName ${btoa('b')},objectName ${btoa('named')}`,
      'x-forwarded-host': 'elsewhere.example.com',
      'x-forwarded-proto': 'http',
      'x-forwarded-prefix': '/storage/v1',
    },
  });
  expect(made.headers.get('location')).toMatch(
    /^https:\/\/files\.example\.com\/storage\/v1\/upload\/resumable\/[\w-]+$/,
  );
  await named.request('POST', '/object/b/signed', { body: 'signed' });
  const { body: answer } = await named.request('POST', '/object/sign/b/signed', {
    body: { expiresIn: 60 },
    headers: { 'x-forwarded-host': 'elsewhere.example.com', 'x-forwarded-prefix': '/storage/v1' },
  });
  // Clients put the public address before it themselves.
  expect(answer.signedURL).toMatch(/^\/object\/sign\/b\/signed\?token=/);
  expect((await named.request('GET', answer.signedURL, { token: undefined })).text).toBe('signed');
  expect((await named.request('GET', `/storage/v1${answer.signedURL}`, { token: undefined })).text).toBe('signed');
  await named.stop();
});
