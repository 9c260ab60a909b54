import type { ChildProcess } from 'node:child_process';
import { createHmac, randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlainPostgres, startPlainPostgres } from '../support/plain-postgres.ts';
import { freePorts } from '../support/ports.ts';
import { runProgram, spawnProgram } from '../support/program.ts';
import { type StorageAccess, StorageLoad } from '../support/storage-load.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// Storage in the place of Supabase Storage: its own variables, a database with roles and nothing else. It is killed at
// random moments; what was acknowledged must be there afterwards, whole.
const rounds = Number(process.env.STORAGE_KILL_ROUNDS ?? 3);
const secret = 'a secret of at least thirty-two characters';
const keys = { accessKeyId: 'local-key', secretAccessKey: 'local-secret' };
let database: PlainPostgres;
let cwd: string;
let env: Record<string, string>;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  cwd = makeWorkspace();
  mkdirSync(join(cwd, 'files'));
  database = startPlainPostgres();
  await database.query(`
    create role anon nologin; create role authenticated nologin; create role service_role nologin bypassrls;
    create role supabase_storage_admin noinherit login createrole;
    grant anon, authenticated, service_role to supabase_storage_admin;
    grant create on database postgres to supabase_storage_admin`);
  env = {
    DATABASE_URL: database.url('supabase_storage_admin'),
    PGRST_JWT_SECRET: secret,
    ANON_KEY: token({ role: 'anon' }),
    STORAGE_BACKEND: 'file',
    FILE_STORAGE_BACKEND_PATH: join(cwd, 'files'),
    GLOBAL_S3_BUCKET: 'stub',
    TENANT_ID: 'stub',
    REGION: 'stub',
    FILE_SIZE_LIMIT: '52428800',
    S3_PROTOCOL_ACCESS_KEY_ID: keys.accessKeyId,
    S3_PROTOCOL_ACCESS_KEY_SECRET: keys.secretAccessKey,
    STORAGE_ORPHAN_AGE: '0',
  };
});

afterAll(async () => {
  for (const child of running) await end(child, 'SIGTERM');
  database?.remove();
  removeWorkspace(cwd);
});

function token(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

async function start(room: 'storage' | 'imgproxy', more: Record<string, string>, health: string) {
  const [port] = await freePorts(1);
  const child = spawnProgram(['start'], { cwd, env: { SERVICES: room, PORT: String(port), ...more } });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = performance.now() + 60_000; ; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`it ended:\n${log}`);
    if ((await fetch(`${url}${health}`).catch(() => undefined))?.ok) break;
    if (performance.now() > deadline) throw new Error(`it did not get ready:\n${log}`);
  }
  return { child, access: { url, serviceKey: token({ role: 'service_role' }), s3: keys } satisfies StorageAccess };
}

const startStorage = (more: Record<string, string> = {}) => start('storage', { ...env, ...more }, '/status');

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

async function ask(access: StorageAccess, method: string, path: string, body?: object | Buffer) {
  const isBytes = Buffer.isBuffer(body);
  return fetch(`${access.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${access.serviceKey}`,
      'content-type': isBytes ? 'image/png' : 'application/json',
    },
    ...(body && { body: (isBytes ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']> }),
  });
}

const command = async (...args: string[]) => {
  const { code, stderr, stdout } = await runProgram(['storage', ...args], {
    cwd,
    env: { SERVICES: 'storage', ...env },
    timeout: 300_000,
  });
  return { code, text: stderr + stdout };
};

describe('in the place of Supabase Storage', () => {
  test('paths have no prefix, images come from an imgproxy elsewhere', async () => {
    const imgproxy = await start('imgproxy', { IMGPROXY_LOCAL_FILESYSTEM_ROOT: '/' }, '/health');
    const { child, access } = await startStorage({
      ENABLE_IMAGE_TRANSFORMATION: 'true',
      IMGPROXY_URL: imgproxy.access.url,
      VERSION: '1.2.3',
      PROMETHEUS_METRICS_ENABLED: 'true',
    });
    expect(await (await fetch(`${access.url}/version`)).text()).toBe('1.2.3');
    expect((await ask(access, 'POST', '/bucket', { name: 'images', public: true })).status).toBe(200);
    const picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#369' } })
      .png()
      .toBuffer();
    expect((await ask(access, 'POST', '/object/images/a b.png', picture)).status).toBe(200);
    const small = await fetch(`${access.url}/render/image/public/images/a%20b.png?width=32&resize=contain`);
    expect([small.status, small.headers.get('x-transformations')]).toEqual([
      200,
      expect.stringContaining('width:32,resizing_type:fit'),
    ]);
    const { width, height } = await sharp(Buffer.from(await small.arrayBuffer())).metadata();
    expect([width, height]).toEqual([32, 24]);
    expect((await ask(access, 'POST', '/object/images/text.png', Buffer.from('no picture'))).status).toBe(200);
    const metrics = await (await fetch(`${access.url}/metrics`)).text();
    expect(metrics).toContain('\nstorage_api_upload_success 2\n');
    expect(metrics).toContain('route="/object/:bucket/*",status_code="200"');
    const failed = await fetch(`${access.url}/render/image/public/images/text.png?width=32`);
    expect([failed.status, await failed.json()]).toEqual([400, expect.objectContaining({ statusCode: '400' })]);
    await end(imgproxy.child, 'SIGTERM');
    const gone = await fetch(`${access.url}/render/image/public/images/a%20b.png?width=31`);
    expect(gone.status).toBe(500);
    await end(child, 'SIGTERM');
  });
});

/** A receiver of webhooks that makes of them what there is in storage. */
class Told {
  readonly #seen = new Set<string>();
  /** Versions by bucket and name. */
  readonly objects = new Map<string, string>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.on('end', () => {
        const id = String(request.headers['webhook-id']);
        if (!this.#seen.has(id)) this.#take(JSON.parse(text).event);
        this.#seen.add(id);
        response.end();
      });
    });
  }

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get count(): number {
    return this.#seen.size;
  }

  #take({ type, payload }: { type: string; payload: { bucketId: string; name: string; version: string } }): void {
    const key = `${payload.bucketId}/${payload.name}`;
    if (type.startsWith('ObjectCreated')) this.objects.set(key, payload.version);
    else if (type.startsWith('ObjectRemoved')) this.objects.delete(key);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe(`killed ${rounds} times`, () => {
  const told = new Told();
  afterAll(() => told.close());

  test(
    'everything acknowledged is there and whole, and nothing is half there',
    async () => {
      const load = new StorageLoad('killed', 6);
      const webhooks = { WEBHOOK_URL: await told.url() };
      let { child, access } = await startStorage(webhooks);
      expect((await ask(access, 'POST', '/bucket', { name: 'killed' })).status).toBe(200);
      for (let round = 1; round <= rounds; round++) {
        const goal = load.total + 1 + randomInt(40);
        load.start(access);
        // A machine that is held up may end all of them before the goal.
        while (load.total < goal && load.isWorking) await sleep(2);
        await sleep(randomInt(20));
        // Every third time the database goes down with it, and loses what it had not written down.
        const withDatabase = round % 3 === 0;
        if (withDatabase) database.crashServer();
        await end(child, 'SIGKILL');
        await load.stop();
        if (withDatabase) database.startServer();
        const [verified, again] = await Promise.all([command('verify', '--deep'), startStorage(webhooks)]);
        ({ child, access } = again);
        expect(verified, `round ${round}`).toMatchObject({
          code: 0,
          text: expect.stringContaining('0 missing, 0 damaged'),
        });
        expect(await load.check(access), `round ${round}`).toEqual([]);
        if (round % 20 === 0) await clean();
      }
      await clean();
      await everythingIsTold();
      await end(child, 'SIGTERM');
      if (process.env.STORAGE_KILL_ROUNDS) console.log(load.acknowledged);
    },
    120_000 + rounds * 60_000,
  );

  /** The webhooks of all nodes together, in order for each object, make what is there. */
  async function everythingIsTold(): Promise<void> {
    // Nobody waits for the leases of those that were killed.
    const takeUp = `update _pmoves.deliveries set due = now() where leased and due > now();
      select pg_notify('pmoves_deliveries', 'storage_webhooks')`;
    await database.query(takeUp);
    for (const deadline = performance.now() + 60_000; ; await sleep(50)) {
      const left = (await database.query('select count(*)::int from _pmoves.deliveries')).rows[0].count;
      if (left === 0) break;
      if (performance.now() > deadline) throw new Error(`${left} events were not told`);
    }
    const { rows: objects } = await database.query(
      `select bucket_id || '/' || name as key, version from storage.objects where bucket_id = 'killed'`,
    );
    expect(Object.fromEntries(told.objects)).toEqual(Object.fromEntries(objects.map((row) => [row.key, row.version])));
    expect(told.count).toBeGreaterThan(rounds);
    expect((await database.query('select * from _pmoves.dead_letters')).rows).toEqual([]);
  }

  async function clean(): Promise<void> {
    expect((await command('gc')).code).toBe(0);
    expect((await command('verify', '--deep')).text).toContain('0 missing, 0 damaged, 0 orphans');
  }
});
