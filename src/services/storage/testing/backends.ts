import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../core/content/open-store.ts';
import { type StorageUnderTest, startStorage } from './storage-under-test.ts';

/**
 * Where content can lie: a folder, the S3 endpoint of a second room, and an S3 server that is not ours. The latter, s3rver
 * 3.7, lacks copies of parts, copies whose source has escapes, and lists of uploads; it is asked for none of them.
 */
export const backends = ['file', 's3', 's3rver'] as const;

/** A kind of backend. */
export type Backend = (typeof backends)[number];

/** Starts the room on a backend, with the server that it needs; `stop` ends both. */
export async function startOn(backend: Backend, env: Readonly<Record<string, string>> = {}): Promise<StorageUnderTest> {
  if (backend === 'file') return startStorage(env);
  const below = backend === 's3' ? await startOwnServer() : await startForeignServer();
  const storage = await startStorage({
    STORAGE_BACKEND: 's3',
    GLOBAL_S3_BUCKET: 'backend',
    GLOBAL_S3_ENDPOINT: below.url,
    GLOBAL_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: below.key,
    AWS_SECRET_ACCESS_KEY: below.secret,
    STORAGE_S3_UPLOAD_PART_SIZE: '5MB',
    ...env,
  });
  return {
    ...storage,
    async stop() {
      await storage.stop();
      await below.stop();
    },
  };
}

/** Versions that lie in the backend at a path, `bucket/name`; null stands for everything that is under way. */
export async function contentsAt({ settings, folder }: StorageUnderTest, path: string | null): Promise<string[]> {
  const store = await openStore(settings, folder);
  const found: string[] = [];
  for await (const content of store.list())
    if (path === null ? content.isGrowing : content.path === `${path}/${content.version}`) found.push(content.version);
  await store.close();
  return found;
}

interface Server {
  readonly url: string;
  readonly key: string;
  readonly secret: string;
  stop(): Promise<void>;
}

async function startOwnServer(): Promise<Server> {
  const [key, secret] = ['key', 'secret'];
  const below = await startStorage({
    S3_PROTOCOL_ACCESS_KEY_ID: key,
    S3_PROTOCOL_ACCESS_KEY_SECRET: secret,
    FILE_SIZE_LIMIT: '1GB',
  });
  await below.request('POST', '/bucket', { body: { name: 'backend' } });
  return { url: `${below.url}/storage/v1/s3`, key, secret, stop: below.stop };
}

async function startForeignServer(): Promise<Server> {
  const { default: S3rver } = await import('s3rver');
  const directory = mkdtempSync(join(tmpdir(), 's3rver-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: 'backend', configs: [] }],
  });
  const { port } = (await server.run()) as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    key: 'S3RVER',
    secret: 'S3RVER',
    async stop() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
