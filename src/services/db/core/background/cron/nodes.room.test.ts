import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChildRoom, childRoom } from '../../../testing/child-room.ts';
import { eventually, type OwnRoom, ownRoom, queryOnce, removeFolder, testFolder } from '../../../testing/own-room.ts';

let server: OwnRoom;
const folders: string[] = [];
const nodes: ChildRoom[] = [];

function folder(): string {
  const made = testFolder();
  folders.push(made);
  return made;
}

beforeAll(async () => {
  server = await ownRoom(folder());
  await server.start();
  await query(`create extension pg_cron;
    create table public.ticks (moment timestamptz primary key);
    create table public.released (by text)`);
});
afterAll(async () => {
  for (const { process, exited } of nodes) {
    process.kill('SIGKILL');
    await exited;
  }
  await server.room.stop();
  for (const each of folders) removeFolder(each);
});

const query = <Row>(sql: string) => queryOnce<Row>(server.room.api.connection('postgres'), sql);
const count = async (from: string) => Number((await query<{ n: string }>(`select count(*) as n from ${from}`))[0]?.n);

/** A process of its own that does the background work of the same database. */
async function startNode(): Promise<ChildRoom> {
  const node = await childRoom(folder(), {
    POSTGRES_HOST: '127.0.0.1',
    POSTGRES_PORT: String(server.port),
    ROOM_BACKGROUND: 'yes',
  });
  nodes.push(node);
  expect(node.report.error).toBeUndefined();
  return node;
}

async function kill(node: ChildRoom | undefined): Promise<void> {
  node?.process.kill('SIGKILL');
  await node?.exited;
}

it('of three processes one runs each moment, also when those that run it are killed', async () => {
  const first = await startNode();
  // While a run is under way no other moment of its job is given out: what was given out last is its own.
  await query(`select cron.schedule('tick', '1 second', $job$ do $$ begin
    insert into public.ticks select last from cron._tick where jobid = (select jobid from cron.job where jobname = 'tick');
    commit;
    while not exists (select from public.released) loop perform pg_sleep(0.02); end loop;
  end $$ $job$)`);
  await eventually(async () => (await count('public.ticks')) === 1, 20_000);
  const others = await Promise.all([startNode(), startNode()]);
  await kill(first);
  // The server goes on with what the killed one began, so nobody else begins the next.
  expect(await count('public.ticks')).toBe(1);
  await query(`insert into public.released values ('test')`);
  await eventually(async () => (await count('public.ticks')) >= 3, 30_000);
  await kill(others[0]);
  const before = await count('public.ticks');
  // What it had taken, and not begun, holds the job for half a minute.
  await eventually(async () => (await count('public.ticks')) > before + 1, 60_000);
  await query(`select cron.unschedule('tick')`);
  // A moment that was run twice would have failed the second time.
  expect(await query(`select return_message from cron.job_run_details where status = 'failed'`)).toEqual([]);
}, 120_000);
