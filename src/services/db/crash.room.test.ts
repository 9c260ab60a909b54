import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClient } from '#kernel/sql';
import { parsePostmasterFile } from './core/postmaster-file.ts';
import { eventually, type OwnRoom, ownRoom, queryOnce, removeFolder, testFolder } from './testing/own-room.ts';

let folder: string;
let own: OwnRoom;

beforeAll(async () => {
  folder = testFolder();
  own = await ownRoom(folder);
  await own.start();
  await queryOnce(own.room.api.connection('postgres'), 'create table acknowledged (id int primary key)');
});

afterAll(async () => {
  await own.room.stop();
  removeFolder(folder);
});

const serverPid = () =>
  parsePostmasterFile(readFileSync(join(folder, 'db/data/postmaster.pid'), 'utf8'))?.pid as number;

const ids = async () =>
  (await queryOnce<{ id: number }>(own.room.api.connection('postgres'), 'select id from acknowledged order by id')).map(
    ({ id }) => id,
  );

test('a killed server is started again and has every acknowledged row, busy sessions notwithstanding', async () => {
  const busy = await connectClient(own.room.api.connection('postgres'));
  // Looks at nothing that would tell it of its server's death.
  const spin = `do $$ begin while clock_timestamp() < now() + interval '20 seconds' loop end loop; end $$`;
  const spinning = busy.pg.query(spin).catch(() => 'gone');
  const writer = await connectClient(own.room.api.connection('postgres'));
  const acknowledged: number[] = [];
  let failure: unknown;
  const writing = (async () => {
    for (let id = 1; ; id++) {
      await writer.pg.query('insert into acknowledged values ($1)', [id]);
      acknowledged.push(id);
    }
  })().catch((error) => {
    failure = error;
  });
  await eventually(() => acknowledged.length > 20);

  const killed = serverPid();
  process.kill(killed, 'SIGKILL');
  await writing;
  expect(failure).toBeDefined();
  expect((await own.room.health()).status).toBe('unhealthy');

  await eventually(async () => (await own.room.health()).status === 'healthy', 20_000);
  expect(await spinning).toBe('gone');
  expect(serverPid()).not.toBe(killed);
  expect((await ids()).slice(0, acknowledged.length)).toEqual(acknowledged);
  expect(own.lines).toContain('the database server ended unexpectedly; starting it again');
});

test('a killed session makes the server recover by itself', async () => {
  const before = serverPid();
  const victim = await connectClient(own.room.api.connection('supabase_admin'));
  const { rows } = await victim.pg.query('select pg_backend_pid() as pid');
  process.kill(rows[0].pid as number, 'SIGKILL');
  await eventually(() => !victim.usable);
  await eventually(async () => (await own.room.health()).status === 'healthy', 20_000);
  expect(serverPid()).toBe(before);
  expect(await ids()).not.toEqual([]);
});

test('a server that is killed again and again comes back every time', async () => {
  for (let round = 0; round < 2; round++) {
    const killed = serverPid();
    process.kill(killed, 'SIGKILL');
    await eventually(async () => (await own.room.health()).status === 'healthy' && serverPid() !== killed, 20_000);
  }
  expect(await ids()).not.toEqual([]);
});
