import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { findUser } from '#kernel/system';
import { parsePostmasterFile } from './core/postmaster-file.ts';
import { type ChildRoom, childRoom, spawnRoom } from './testing/child-room.ts';
import {
  copyOfFolder,
  eventually,
  ownRoom,
  queryOnce,
  removeFolder,
  testFolder,
  testPassword,
} from './testing/own-room.ts';

let folder: string;
let template: string;
const cleanups: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  template = testFolder();
  const own = await ownRoom(template);
  await own.start();
  await own.room.stop();
});

afterAll(() => removeFolder(template));

beforeEach(() => {
  folder = copyOfFolder(template);
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  removeFolder(folder);
});

const pidFile = () => join(folder, 'db/data/postmaster.pid');
const serverPid = () => parsePostmasterFile(readFileSync(pidFile(), 'utf8'))?.pid as number;

async function child(): Promise<ChildRoom> {
  const started = await childRoom(folder);
  cleanups.push(async () => {
    started.process.kill('SIGKILL');
    await started.exited;
  });
  return started;
}

async function killHard(room: ChildRoom): Promise<void> {
  room.process.kill('SIGKILL');
  await room.exited;
}

async function takeOver() {
  const own = await ownRoom(folder);
  cleanups.push(() => own.room.stop());
  await own.start();
  return own;
}

/** Inserts rows one by one until the connection breaks. */
async function write(room: ChildRoom): Promise<{ readonly ids: number[]; readonly broken: Promise<void> }> {
  const client: Client = await connectClient({
    host: room.report.socketDir as string,
    port: room.report.port as number,
    database: 'postgres',
    user: 'postgres',
    password: testPassword,
  });
  await client.pg.query('create table acknowledged (id int primary key)');
  const ids: number[] = [];
  const broken = (async () => {
    for (let id = 1; ; id++) {
      await client.pg.query('insert into acknowledged values ($1)', [id]);
      ids.push(id);
    }
  })().catch(() => {});
  await eventually(() => ids.length > 20);
  return { ids, broken };
}

const stored = async (own: Awaited<ReturnType<typeof takeOver>>, count: number) =>
  (
    await queryOnce<{ id: number }>(
      own.room.api.connection('postgres'),
      `select id from acknowledged order by id limit ${count}`,
    )
  ).map(({ id }) => id);

test('kill -9 of Node takes the server down, and the next start has every acknowledged row', async () => {
  const room = await child();
  const { ids, broken } = await write(room);
  await killHard(room);
  await broken;
  await eventually(() => !existsSync(pidFile()));
  expect(await stored(await takeOver(), ids.length)).toEqual(ids);
});

test('a server that outlives its Node is stopped by the next start', async () => {
  const room = await child();
  const { ids, broken } = await write(room);
  const orphan = serverPid();
  // Without the shell that would pass the death on.
  const processes = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  const watchdog = processes.find((line) => line.includes('kill -INT') && line.trim().endsWith(` ${orphan}`));
  process.kill(Number.parseInt(watchdog as string, 10), 'SIGKILL');
  await killHard(room);
  expect(serverPid()).toBe(orphan);

  const own = await takeOver();
  await broken;
  expect(own.lines).toContain('stopping the database server that a killed process left behind');
  expect(serverPid()).not.toBe(orphan);
  expect(await stored(own, ids.length)).toEqual(ids);
});

test('kill -9 of Node and Postgres under write load loses nothing that was acknowledged', async () => {
  const room = await child();
  const { ids, broken } = await write(room);
  process.kill(serverPid(), 'SIGKILL');
  await killHard(room);
  await broken;
  expect(await stored(await takeOver(), ids.length)).toEqual(ids);
});

test('kill -9 in the middle of the first start leaves nothing that the next one minds', async () => {
  removeFolder(join(folder, 'db'));
  for (const delay of [0, 150, 400]) {
    const room = spawnRoom(folder);
    await eventually(() => existsSync(join(folder, 'db/owner.json')));
    await new Promise((resolve) => setTimeout(resolve, delay));
    room.kill('SIGKILL');
    await new Promise((resolve) => room.once('exit', resolve));
  }
  const own = await takeOver();
  expect((await own.room.health()).status).toBe('healthy');
  expect(readdirSync(join(folder, 'db')).filter((name) => name.startsWith('data.'))).toEqual([]);
});

test('a second start on the same data is refused while the first one runs, and works after it', async () => {
  const room = await child();
  const second = await ownRoom(folder);
  cleanups.push(() => second.room.stop());
  await expect(second.start()).rejects.toMatchObject({
    name: 'StartupError',
    setting: 'VOLUMES_DIR',
    message: expect.stringMatching(/in use by another running instance \(process \d+\)/),
  });
  await second.room.stop();
  expect(serverPid()).toBeGreaterThan(0);

  room.process.kill('SIGTERM');
  await room.exited;
  await second.start();
});

test('two stacks of one process do not share a data directory either', async () => {
  const first = await takeOver();
  const second = await ownRoom(folder);
  await expect(second.start()).rejects.toMatchObject({ setting: 'VOLUMES_DIR' });
  expect((await first.room.health()).status).toBe('healthy');
});

test('a postmaster.pid whose number was given to another program does not block the start', async () => {
  const first = await takeOver();
  await first.room.stop();
  const user = process.getuid?.() === 0 ? (findUser('postgres') ?? findUser('nobody')) : undefined;
  const other: ChildProcess = spawn('sleep', ['60'], user ? { uid: user.uid, gid: user.gid } : {});
  cleanups.push(() => other.kill('SIGKILL'));
  const text = [
    other.pid,
    join(folder, 'db/data'),
    1_700_000_000,
    first.port,
    '/tmp',
    '127.0.0.1',
    '  1 1',
    'ready   ',
  ];
  writeFileSync(pidFile(), `${text.join('\n')}\n`);
  await first.start();
  expect((await first.room.health()).status).toBe('healthy');
  expect(other.exitCode).toBeNull();
});

test('a server that somebody else started on the data is left alone', async () => {
  const first = await takeOver();
  await first.room.stop();
  const user = process.getuid?.() === 0 ? findUser('postgres') : undefined;
  const { findEmbeddedPackage } = await import('./core/place/binaries.ts');
  const data = join(folder, 'db/data');
  const foreign = spawn(
    join(findEmbeddedPackage().root, 'bin/postgres'),
    ['-D', data, '-c', 'listen_addresses=', '-c', 'unix_socket_directories=/tmp', '-c', `port=${first.port}`],
    { cwd: '/', stdio: 'ignore', ...(user && { uid: user.uid, gid: user.gid }) },
  );
  const gone = new Promise((resolve) => foreign.once('exit', resolve));
  cleanups.push(() => {
    foreign.kill('SIGQUIT');
    return gone;
  });
  await eventually(() => existsSync(pidFile()) && /ready/.test(readFileSync(pidFile(), 'utf8')));
  await expect(first.start()).rejects.toMatchObject({
    setting: 'VOLUMES_DIR',
    message: expect.stringContaining(`another PostgreSQL server (process ${foreign.pid})`),
  });
  expect(foreign.exitCode).toBeNull();
});
