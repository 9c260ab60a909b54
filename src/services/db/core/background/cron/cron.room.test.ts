import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Room } from '#kernel/lifecycle';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../../../test/support/database.ts';
import { type CronJob, claimRun, endStarting } from '../../../sql/background/jobs.ts';
import { type WorkConnection, workConnection } from '../../../sql/background/work-connection.ts';
import { startBackground } from '../../../testing/background-under-test.ts';
import { eventually } from '../../../testing/own-room.ts';
import { parseSchedule } from './schedule.ts';

let db: TestDatabase;
let postgres: Client;
const nodes: Room<undefined>[] = [];

beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
  await query('create extension pg_cron');
  // Three nodes from the beginning: whatever is done once below is done once by any of them.
  for (let node = 0; node < 3; node++) nodes.push(await startBackground(() => db.connection('supabase_admin')));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await postgres.pg.end();
  await db.drop();
});

const query = async (sql: string, values: unknown[] = []) => (await postgres.pg.query(sql, values)).rows;
const one = async (sql: string, values: unknown[] = []) => Object.values((await query(sql, values))[0])[0];
const runs = (job: unknown) => query('select * from cron.job_run_details where jobid = $1 order by runid', [job]);
const ended = (job: unknown, count = 1) =>
  eventually(async () => {
    const rows = (await runs(job)).filter(({ end_time }) => end_time !== null);
    return rows.length >= count ? rows : undefined;
  }, 20_000);

describe('schedules', () => {
  it('jobs are listed, changed and removed by number and by name', async () => {
    const unnamed = await one(`select cron.schedule('0 3 * * *', 'vacuum')`);
    const named = await one(`select cron.schedule('nightly', '0 4 * * *', 'select 1')`);
    expect(
      await query('select jobid, schedule, command, database, username, active, jobname from cron.job order by 1'),
    ).toEqual([
      {
        jobid: unnamed,
        schedule: '0 3 * * *',
        command: 'vacuum',
        database: db.name,
        username: 'postgres',
        active: true,
        jobname: null,
      },
      {
        jobid: named,
        schedule: '0 4 * * *',
        command: 'select 1',
        database: db.name,
        username: 'postgres',
        active: true,
        jobname: 'nightly',
      },
    ]);
    expect(await one(`select cron.schedule('nightly', '0 5 * * *', 'select 2')`)).toBe(named);
    await query('select cron.alter_job($1, active => false)', [named]);
    expect(await query('select schedule, command, active from cron.job where jobid = $1', [named])).toEqual([
      { schedule: '0 5 * * *', command: 'select 2', active: false },
    ]);
    await query(`select cron.alter_job($1, schedule => '@daily', command => 'select 3')`, [named]);
    expect(await one(`select cron.unschedule('nightly')`)).toBe(true);
    expect(await one('select cron.unschedule($1::bigint)', [unnamed])).toBe(true);
    expect(await query('select from cron.job')).toEqual([]);
  });

  it.each([
    [`cron.schedule('nonsense', 'select 1')`, '22023', 'invalid schedule: nonsense'],
    [`cron.schedule('x', '61 * * * *', 'select 1')`, '22023', 'invalid schedule: 61 * * * *'],
    [`cron.unschedule(4711)`, 'P0002', 'could not find valid entry for job 4711'],
    [`cron.unschedule('no such')`, 'P0002', `could not find valid entry for job 'no such'`],
    [`cron.alter_job(4711, active => true)`, 'P0002', `Job 4711 does not exist or you don't own it`],
    [`cron.schedule(null, '* * * * *', 'select 1')`, '22004', 'job_name can not be NULL'],
    [
      `cron.schedule_in_database('x', '* * * * *', 'select 1', 'postgres', 'supabase_admin')`,
      '42501',
      'must be superuser to create a job for another role',
    ],
    [
      `cron.schedule_in_database('x', '* * * * *', 'select 1', 'nowhere')`,
      '3D000',
      'database "nowhere" does not exist',
    ],
  ])('%s is refused', async (call, code, message) => {
    await expect(query(`select ${call}`)).rejects.toMatchObject({ code, message });
  });

  it('the table itself is for reading', async () => {
    for (const statement of [
      `insert into cron.job (schedule, command) values ('* * * * *', '')`,
      'delete from cron.job',
    ])
      await expect(query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('the database takes the same schedules as the program', async () => {
    const number = fc.integer({ min: 0, max: 62 }).map(String);
    const word = fc.constantFrom('*', '$', 'jan', 'DEC', 'sun', 'Sat', 'xyz', '');
    const part = fc.oneof(
      number,
      word,
      fc.tuple(number, number).map(([a, b]) => `${a}-${b}`),
      fc.tuple(fc.oneof(number, word), fc.integer({ min: 0, max: 12 })).map(([a, b]) => `${a}/${b}`),
      fc.tuple(number, number, number).map(([a, b, c]) => `${a}-${b}/${c}`),
      fc.constantFrom('mon-fri', 'jan-mar/2', 'fri-mon'),
    );
    const field = fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(','));
    const text = fc.oneof(
      fc
        .array(fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, { weight: 2, arbitrary: field }), {
          minLength: 4,
          maxLength: 6,
        })
        .map((fields) => fields.join(' ')),
      fc
        .tuple(fc.integer({ min: 0, max: 70 }), fc.constantFrom('second', 'seconds', 'minutes'))
        .map((words) => words.join(' ')),
      fc.constantFrom('@daily', '@Reboot', '@never', ' @hourly ', '', '* * * * *  '),
    );
    const texts = fc.sample(text, 2_000);
    const rows = await query('select text, cron._is_schedule(text) as valid from unnest($1::text[]) as text', [texts]);
    expect(rows.filter((row) => (parseSchedule(row.text) !== undefined) !== row.valid)).toEqual([]);
    expect(new Set(rows.map(({ valid }) => valid)).size).toBe(2);
  });
});

describe('runs', () => {
  it('are written down, moment after moment', async () => {
    await query('create table public.ticks (at timestamptz default clock_timestamp())');
    const job = await one(`select cron.schedule('tick', '1 second', 'insert into public.ticks default values')`);
    await eventually(async () => Number(await one('select count(*) from public.ticks')) >= 4, 20_000);
    await query(`select cron.unschedule('tick')`);
    const rows = await ended(job, 4);
    expect(rows[0]).toMatchObject({
      status: 'succeeded',
      return_message: 'INSERT 0 1',
      database: db.name,
      username: 'postgres',
      command: 'insert into public.ticks default values',
      job_pid: expect.any(Number),
    });
  });

  it('of any number of nodes that ask for a moment, one gets it', async () => {
    const id = String(await one(`select cron.schedule('asked-for', '@yearly', 'select 1')`));
    const job: CronJob = { id, schedule: '@yearly', command: 'select 1', database: db.name, username: 'postgres' };
    const clients = await Promise.all([1, 2, 3].map(() => connectClient(db.connection('supabase_admin'))));
    try {
      const asking = clients.map(workConnection);
      const claim = async (node: number, moment: number) =>
        (await claimRun(asking[node] as WorkConnection, job, moment, false)).outcome;
      for (let moment = 1_000; moment <= 50_000; moment += 1_000) {
        const answers = await Promise.all(asking.map((_connection, node) => claim(node, moment)));
        expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1);
        // Until its session shows, the next moment waits; this one is gone.
        expect(await claim(0, moment + 1_000)).toBe('busy');
        await endStarting(asking[1] as WorkConnection, id);
        expect(await claim(2, moment)).toBe('gone');
      }
      await query(`select cron.schedule('asked-for', '@yearly', 'select 2')`);
      expect(await claim(0, 60_000)).toBe('gone');
    } finally {
      await Promise.all(clients.map((client) => client.pg.end()));
      await query(`select cron.unschedule('asked-for')`);
    }
  });

  it('tells what failed, in the words of psql, and how many rows there were', async () => {
    const failing = await one(`select cron.schedule('fails', '1 second', 'select 1/0')`);
    const rows = await one(`select cron.schedule('rows', '1 second', 'select 1; select generate_series(1, 3)')`);
    expect((await ended(failing))[0]).toMatchObject({ status: 'failed', return_message: 'ERROR:  division by zero\n' });
    expect((await ended(rows))[0]).toMatchObject({ status: 'succeeded', return_message: '3 rows' });
    await query(`select cron.unschedule('fails'), cron.unschedule('rows')`);
  });

  it('a job does not overlap itself, and can be switched off', async () => {
    await query('create table public.spans (began timestamptz, ended timestamptz)');
    const job = await one(`select cron.schedule('slow', '1 second',
      'insert into public.spans select now(), (select clock_timestamp() from pg_sleep(1.3))')`);
    await ended(job, 2);
    await query('select cron.alter_job($1, active => false)', [job]);
    const [{ overlaps }] = await query(
      `select count(*)::int as overlaps from public.spans a join public.spans b
       on a.ctid <> b.ctid and a.began < b.ended and b.began < a.ended`,
    );
    expect(overlaps).toBe(0);
    await eventually(async () => (await runs(job)).every(({ end_time }) => end_time !== null));
    const count = (await runs(job)).length;
    await query(`select cron.unschedule('slow')`);
    expect((await runs(job)).length).toBe(count);
  });

  it.each([
    ['begins anew', `select net.worker_restart()`],
    [
      'is lost',
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'pmoves-supabase background' and datname = current_database()`,
    ],
  ])('are written down, although the connection %s meanwhile', async (_what, ending) => {
    await query('create table public.waiting (name text)');
    const job = await one(
      `select cron.schedule('long', '1 second', 'do $$ begin
         while not exists (select from public.waiting) loop perform pg_sleep(0.02); end loop; end $$')`,
    );
    await eventually(async () => (await runs(job))[0]?.job_pid, 20_000);
    await query(`select cron.alter_job($1, active => false)`, [job]);
    await db.query(ending);
    await query(`insert into public.waiting values ('go')`);
    expect((await ended(job))[0]).toMatchObject({ status: 'succeeded', return_message: 'DO' });
    await query(`select cron.unschedule('long'); drop table public.waiting`);
  });

  it('run as their owner, with no way to another role', async () => {
    const job = await one(
      `select cron.schedule('who', '1 second', $$reset session authorization; reset role;
         do 'begin raise exception ''%/%'', session_user, current_user; end'$$)`,
    );
    expect((await ended(job))[0]).toMatchObject({
      return_message: expect.stringContaining('ERROR:  postgres/postgres'),
    });
    await query(`select cron.unschedule('who')`);
  });

  it('a role that cannot log in has its failure written down', async () => {
    await db.query(`select cron.schedule_in_database('as-anon', '1 second', 'select 1', $1, 'anon')`, [db.name]);
    const [found] = await db.query<{ jobid: string }>(`select jobid from cron.job where jobname = 'as-anon'`);
    const jobid = found?.jobid;
    const row = await eventually(
      async () =>
        (
          await db.query<{ status: string; return_message: string }>(
            `select * from cron.job_run_details where jobid = $1 and end_time is not null`,
            [jobid],
          )
        )[0],
    );
    expect(row).toMatchObject({ status: 'failed', return_message: expect.stringMatching(/^connection failed: /) });
    await db.query('select cron.unschedule($1::bigint)', [jobid]);
  });

  it('@reboot does not run at the start it was made in', async () => {
    const job = await one(`select cron.schedule('boot', '@reboot', 'select 1')`);
    const after = await one(`select cron.schedule('after', '1 second', 'select 1')`);
    await ended(after);
    expect(await runs(job)).toEqual([]);
    // As the next start would find it.
    await db.query(`update cron._tick set last = last - interval '1 day' where jobid = $1`, [job]);
    await query(`select pg_notify('pg_cron', '')`);
    await ended(job);
    expect(await runs(job)).toHaveLength(1);
    await query(`select cron.unschedule('boot'), cron.unschedule('after')`);
  });
});

it('an older version is brought up, with its jobs', async () => {
  await db.query('drop extension pg_cron cascade');
  await db.query(`create extension pg_cron version '1.6.4+sql'`);
  await db.query(
    `insert into cron.job (schedule, command, nodeport, username) values ('1 second', 'select 1', 0, 'postgres')`,
  );
  await db.query('alter extension pg_cron update');
  const [found] = await db.query<{ jobid: string }>('select jobid from cron.job');
  const jobid = found?.jobid;
  await eventually(
    async () =>
      (await db.query('select from cron.job_run_details where jobid = $1 and end_time is not null', [jobid])).length >
      0,
    20_000,
  );
});
