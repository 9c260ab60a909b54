import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findUser } from '#kernel/system';
import { copyServer, findEmbeddedPackage } from './core/place/binaries.ts';
import { childRoom } from './testing/child-room.ts';
import { ownRoom, queryOnce, removeFolder, testFolder } from './testing/own-room.ts';

const isRoot = process.getuid?.() === 0;
const serverUser = findUser('postgres') ?? findUser('nobody');
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folderOfTest(mode?: number): string {
  const folder = testFolder(mode);
  cleanups.push(() => removeFolder(folder));
  return folder;
}

async function roomIn(folder: string, env?: Readonly<Record<string, string>>) {
  const own = await ownRoom(folder, env);
  cleanups.push(() => own.room.stop());
  return own;
}

test.runIf(isRoot)(
  'as root under a closed folder the data goes where its user can reach it, and stays there',
  async () => {
    const closed = folderOfTest(0o700);
    const volumes = join(closed, 'project', 'volumes');
    const own = await roomIn(volumes);
    await own.start();
    await queryOnce(own.room.api.connection('postgres'), 'create table kept as select 7 as answer');
    expect(own.lines.filter((line) => /cannot reach VOLUMES_DIR/.test(line))).toHaveLength(1);
    const record = JSON.parse(readFileSync(join(volumes, 'db/database.json'), 'utf8')) as { base: string };
    cleanups.unshift(() => removeFolder(record.base));
    expect(record.base).toMatch(/^\/var\/lib\/pmoves-supabase\/[0-9a-f]{12}$/);
    expect(existsSync(join(record.base, 'data/PG_VERSION'))).toBe(true);
    await own.room.stop();

    // An open folder later on is no reason to begin with an empty database, nor is another name.
    chmodSync(closed, 0o755);
    const moved = join(closed, 'moved');
    renameSync(join(closed, 'project'), moved);
    const again = await roomIn(join(moved, 'volumes'));
    await again.start();
    expect(await queryOnce(again.room.api.connection('postgres'), 'select answer from kept')).toEqual([{ answer: 7 }]);
    await again.room.stop();

    rmSync(record.base, { recursive: true });
    await expect(again.start()).rejects.toMatchObject({
      setting: 'VOLUMES_DIR',
      message: expect.stringContaining(record.base),
    });
  },
);

test.runIf(isRoot)('a copy of the server runs where the package cannot be reached', () => {
  const folder = folderOfTest();
  const copy = copyServer(findEmbeddedPackage(), folder);
  const user = serverUser as NonNullable<typeof serverUser>;
  const version = execFileSync(join(copy, 'bin/postgres'), ['--version'], {
    uid: user.uid,
    gid: user.gid,
    cwd: '/',
    encoding: 'utf8',
  });
  expect(version).toMatch(/PostgreSQL\) 18/);
  expect(copyServer(findEmbeddedPackage(), folder)).toBe(copy);
});

test.runIf(isRoot)('an ordinary user runs everything under its own name', async () => {
  const folder = folderOfTest();
  const user = serverUser as NonNullable<typeof serverUser>;
  chownSync(folder, user.uid, user.gid);
  const room = await childRoom(folder, {}, { uid: user.uid, gid: user.gid });
  cleanups.push(async () => {
    room.process.kill('SIGTERM');
    await room.exited;
  });
  expect(room.report.error).toBeUndefined();
  expect(room.report.socketDir).toMatch(/^\/tmp\/pmoves-supabase-/);
});

test.runIf(isRoot)('a folder that may not be written is one line naming the setting', async () => {
  const folder = folderOfTest();
  const user = serverUser as NonNullable<typeof serverUser>;
  const room = await childRoom(join(folder, 'volumes'), {}, { uid: user.uid, gid: user.gid });
  expect(room.report.error).toEqual({
    name: 'StartupError',
    message: expect.stringMatching(/^cannot make .*\/volumes \(EACCES\) \(change VOLUMES_DIR\)$/),
  });
});

test('data of another version is refused and left alone', async () => {
  const folder = folderOfTest();
  mkdirSync(join(folder, 'db/data'), { recursive: true });
  writeFileSync(join(folder, 'db/data/PG_VERSION'), '15\n');
  if (isRoot && serverUser) chownSync(join(folder, 'db/data'), serverUser.uid, serverUser.gid);
  const own = await roomIn(folder);
  await expect(own.start()).rejects.toMatchObject({
    name: 'StartupError',
    setting: 'POSTGRES_BIN_DIR or VOLUMES_DIR',
    message: expect.stringContaining('holds data of PostgreSQL 15, and this server is version 18'),
  });
  expect(readFileSync(join(folder, 'db/data/PG_VERSION'), 'utf8')).toBe('15\n');

  // Out of reach it is still the data: nobody gets an empty database instead.
  chmodSync(folder, 0o700);
  await expect(own.start()).rejects.toMatchObject({ name: 'StartupError' });
});

test('a folder full of something else is refused and left alone', async () => {
  const folder = folderOfTest();
  mkdirSync(join(folder, 'db/data'), { recursive: true });
  writeFileSync(join(folder, 'db/data/thesis.txt'), 'years of work');
  const own = await roomIn(folder);
  await expect(own.start()).rejects.toMatchObject({ name: 'StartupError', setting: 'VOLUMES_DIR' });
  expect(readFileSync(join(folder, 'db/data/thesis.txt'), 'utf8')).toBe('years of work');
});

test('an initialisation that was cut short is begun again', async () => {
  const folder = folderOfTest();
  mkdirSync(join(folder, 'db/data.init-0badcafe/base'), { recursive: true });
  writeFileSync(join(folder, 'db/data.init-0badcafe/PG_VERSION'), '18\n');
  const own = await roomIn(folder);
  await own.start();
  expect(existsSync(join(folder, 'db/data.init-0badcafe'))).toBe(false);
  expect((await own.room.health()).status).toBe('healthy');
});

test('a start that is called off leaves nothing running and can be repeated', async () => {
  const folder = folderOfTest();
  const own = await roomIn(folder);
  const calledOff = new AbortController();
  const starting = own.room.start(calledOff.signal);
  setTimeout(() => calledOff.abort(), 300);
  await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
  expect(existsSync(join(folder, 'db/owner.json'))).toBe(false);
  await own.room.stop();
  await own.start();
  expect((await own.room.health()).status).toBe('healthy');
});

test('a taken port is one line naming the setting', async () => {
  const folder = folderOfTest();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => taken.close());
  const { port } = taken.address() as { port: number };
  const own = await roomIn(folder, { POSTGRES_PORT: String(port) });
  await expect(own.start()).rejects.toMatchObject({
    setting: 'POSTGRES_PORT',
    message: `port ${port} is taken by another program (change POSTGRES_PORT)`,
  });
});

test.runIf(isRoot && process.platform === 'linux')(
  'a full disk is one line naming the setting, and space mends it',
  async () => {
    const folder = folderOfTest();
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', folder]);
    cleanups.push(() => execFileSync('/bin/umount', [folder]));
    const full = { setting: 'VOLUMES_DIR', message: expect.stringMatching(/^the disk of \S+ is full/) };
    const own = await roomIn(folder);
    await expect(own.start()).rejects.toMatchObject(full);
    expect(readdirSync(join(folder, 'db'))).not.toContain('data');

    execFileSync('/bin/mount', ['-o', 'remount,size=120m', folder]);
    await own.start();
    await own.room.stop();
    const filler = join(folder, 'filler');
    expect(() => writeFileSync(filler, Buffer.alloc(128 * 1024 * 1024))).toThrow('ENOSPC');
    await expect(own.start()).rejects.toMatchObject(full);
    rmSync(filler);
    await own.start();
    expect((await own.room.health()).status).toBe('healthy');
  },
);

test('without a password nothing is made', async () => {
  const folder = folderOfTest();
  const own = await roomIn(folder, { POSTGRES_PASSWORD: '' });
  await expect(own.start()).rejects.toMatchObject({ setting: 'POSTGRES_PASSWORD' });
  expect(existsSync(join(folder, 'db'))).toBe(false);
});
