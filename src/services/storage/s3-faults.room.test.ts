import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type FaultyServer, startFaultyServer } from './testing/faulty-server.ts';
import { auditOf, type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

// The S3 backend, whose server is down, silent, failing or breaks off.
const keys = { S3_PROTOCOL_ACCESS_KEY_ID: 'key', S3_PROTOCOL_ACCESS_KEY_SECRET: 'secret' };
let below: StorageUnderTest;
let server: FaultyServer;
let storage: StorageUnderTest;
/** The same, but with a short patience, and few connections to the database. */
let impatient: StorageUnderTest;

beforeAll(async () => {
  below = await startStorage({ ...keys, FILE_SIZE_LIMIT: '1GB' });
  await below.request('POST', '/bucket', { body: { name: 'backend' } });
  server = await startFaultyServer(below.url);
  const env = {
    STORAGE_BACKEND: 's3',
    GLOBAL_S3_BUCKET: 'backend',
    GLOBAL_S3_ENDPOINT: `${server.url}/s3`,
    GLOBAL_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    STORAGE_S3_UPLOAD_PART_SIZE: '5MB',
  };
  storage = await startStorage(env);
  impatient = await startStorage({ ...env, STORAGE_S3_CLIENT_TIMEOUT: '1s', STORAGE_DB_POOL: '2' }, { db: storage.db });
  await storage.request('POST', '/bucket', { body: { name: 'b' } });
});
beforeEach(() => {
  server.fault = 'none';
  server.spared = 0;
});
afterAll(async () => {
  await impatient.stop();
  await storage.stop();
  await server.stop();
  await below.stop();
});

const put = (name: string, body: string | Buffer, node = storage) =>
  node.request('POST', `/object/b/${name}`, { body, headers: { 'content-type': 'text/plain' } });
const rows = (name: string) => storage.db.query(`select id from storage.objects where name = $1`, [name]);
const backendKeys = async () => {
  const listed = await below.request('POST', '/object/list-v2/backend', { body: {} });
  return listed.body.objects.map(({ name }: { name: string }) => name) as string[];
};

it.each(['down', 'silent', 'failing'] as const)(
  'a server that is %s: uploads and downloads are refused, and work again when it is back',
  async (fault) => {
    const node = fault === 'silent' ? impatient : storage;
    await put(`kept-${fault}`, 'content');
    server.fault = fault;
    const refused = await put(`new-${fault}`, 'content', node);
    expect(refused).toMatchObject({ status: 503, body: { statusCode: '503', code: 'SlowDown' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await rows(`new-${fault}`)).toEqual([]);
    expect((await node.request('GET', `/object/b/kept-${fault}`)).status).toBe(503);
    // What needs no content is served.
    expect((await node.request('GET', `/object/info/b/kept-${fault}`)).status).toBe(200);
    server.fault = 'none';
    expect((await put(`new-${fault}`, 'content')).status).toBe(200);
    expect((await storage.request('GET', `/object/b/new-${fault}`)).text).toBe('content');
  },
  60_000,
);

it('objects are deleted without their server; their content goes when it is back', async () => {
  await put('late', 'content');
  server.fault = 'down';
  expect((await storage.request('GET', '/health')).body).toEqual({ healthy: false });
  expect((await storage.request('DELETE', '/object/b/late')).status).toBe(200);
  await storage.db.query('update _pmoves.storage_versions set due = now() where due is not null');
  await expect(storage.room.api.sweep()).rejects.toThrow();
  expect((await backendKeys()).filter((key) => key.includes('late'))).toHaveLength(1);
  server.fault = 'none';
  await storage.room.api.sweep();
  expect((await backendKeys()).filter((key) => key.includes('late'))).toEqual([]);
});

it('a silent server keeps no connection of the database: others are served meanwhile', async () => {
  server.fault = 'silent';
  const before = server.seen();
  const waiting = Promise.all(
    Array.from({ length: 8 }, (_unused, index) => put(`waiting-${index}`, 'content', impatient)),
  );
  await expect.poll(() => server.seen() - before, { timeout: 20_000 }).toBeGreaterThanOrEqual(8);
  // There are two connections, and eight who wait.
  for (let index = 0; index < 10; index++) expect((await impatient.request('GET', '/bucket/b')).status).toBe(200);
  expect((await waiting).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 503));
});

it('a download that breaks off is not taken for a whole one', async () => {
  await put('cut', randomBytes(500_000));
  server.fault = 'cutting';
  const answer = await fetch(`${storage.url}/object/b/cut`, {
    headers: { authorization: `Bearer ${storage.serviceKey}` },
  });
  await expect(answer.arrayBuffer()).rejects.toThrow();
  server.fault = 'none';
  expect((await storage.request('GET', '/object/b/cut')).status).toBe(200);
});

it('what a server that failed half way keeps of an upload in parts, the audit finds', async () => {
  // The upload is begun, and its first part is there.
  server.spared = 2;
  server.fault = 'failing';
  expect((await put('parts', randomBytes(12_000_000))).status).toBe(503);
  server.fault = 'none';
  const uploads = () => below.db.query('select id from storage.s3_multipart_uploads');
  expect(await uploads()).toHaveLength(1);
  await storage.db.query('update _pmoves.storage_versions set due = now() where due is not null');
  await storage.room.api.sweep();
  const audit = await auditOf(storage);
  expect(await audit.findings()).toEqual([expect.stringMatching(/^orphan stub\/b\/parts\//)]);
  await audit.collect();
  expect(await audit.findings()).toEqual([]);
  expect(await uploads()).toEqual([]);
  await audit.close();
  expect((await put('parts', randomBytes(12_000_000))).status).toBe(200);
}, 60_000);
