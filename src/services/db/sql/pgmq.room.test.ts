import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
let postgres: Client;
let other: Client;
beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
  other = await connectClient(db.connection('postgres'));
  await query('create extension pgmq');
});
afterAll(async () => {
  await postgres.pg.end();
  await other.pg.end();
  await db.drop();
});
beforeEach(async () => {
  await query(`select pgmq.drop_queue('jobs')`);
  await query(`select pgmq.create('jobs')`);
});

const query = async (sql: string, values: unknown[] = [], on = postgres) => (await on.pg.query(sql, values)).rows;
const one = async (sql: string, values: unknown[] = []) => Object.values((await query(sql, values))[0])[0];
const all = async (sql: string, values: unknown[] = []) =>
  (await query(sql, values)).map((row) => Object.values(row)[0]);
const send = (message: unknown) => one(`select pgmq.send('jobs', $1)`, [JSON.stringify(message)]);

describe('sending', () => {
  it.each([
    [`pgmq.send('jobs', '{"a":1}')`, { message: { a: 1 }, headers: null, visible: true }],
    [`pgmq.send('jobs', '{"a":1}', 60)`, { message: { a: 1 }, headers: null, visible: false }],
    [`pgmq.send('jobs', '{"a":1}', now() + interval '1 hour')`, { message: { a: 1 }, headers: null, visible: false }],
    [`pgmq.send('jobs', '1', '{"h":1}'::jsonb)`, { message: 1, headers: { h: 1 }, visible: true }],
    [`pgmq.send('jobs', '1', '{"h":1}', 60)`, { message: 1, headers: { h: 1 }, visible: false }],
    [`pgmq.send('jobs', '1', '{"h":1}', now() - interval '1 s')`, { message: 1, headers: { h: 1 }, visible: true }],
    [`pgmq.send(queue_name := 'jobs', msg := '"x"', delay := 0)`, { message: 'x', headers: null, visible: true }],
  ])('%s', async (call, expected) => {
    expect(await all(`select * from ${call}`)).toEqual(['1']);
    expect(
      await query('select message, headers, vt <= clock_timestamp() as visible, read_ct from pgmq.q_jobs'),
    ).toEqual([{ ...expected, read_ct: 0 }]);
  });

  it('many at once, in their order, with headers for some', async () => {
    const three = `array['{"n":1}','{"n":2}','{"n":3}']::jsonb[]`;
    expect(await all(`select * from pgmq.send_batch('jobs', ${three})`)).toEqual(['1', '2', '3']);
    await query(`select pgmq.send_batch('jobs', ${three}, array['{"h":1}']::jsonb[], 60)`);
    expect(await query('select message, headers from pgmq.q_jobs order by msg_id offset 3')).toEqual([
      { message: { n: 1 }, headers: { h: 1 } },
      { message: { n: 2 }, headers: null },
      { message: { n: 3 }, headers: null },
    ]);
    await query(`select pgmq.send_batch('jobs', ${three}, 60), pgmq.send_batch('jobs', ${three}, now())`);
    expect(await one('select count(*)::int from pgmq.q_jobs')).toBe(12);
    expect(await all(`select * from pgmq.send_batch('jobs', '{}'::jsonb[])`)).toEqual([]);
    await expect(query(`select pgmq.send_batch('jobs', '{}', '{"1"}'::jsonb[])`)).rejects.toMatchObject({
      code: '2202E',
    });
  });
});

describe('reading', () => {
  it('hides what was read for a while, and counts', async () => {
    await send({ n: 1 });
    await send({ n: 2 });
    const [first] = await query(
      `select *, vt > clock_timestamp() + interval '20 s' as hidden from pgmq.read('jobs', 30, 1)`,
    );
    expect(first).toMatchObject({ msg_id: '1', read_ct: 1, message: { n: 1 }, headers: null, hidden: true });
    expect(await all(`select msg_id from pgmq.read('jobs', 0, 10)`)).toEqual(['2']);
    expect(await all(`select read_ct from pgmq.read('jobs', 0, 10)`)).toEqual([2]);
    await query(`select pgmq.set_vt('jobs', 1, 0)`);
    expect(await all(`select msg_id from pgmq.read('jobs', 30, 10)`)).toEqual(['1', '2']);
    expect(await all(`select msg_id from pgmq.read('jobs', 30, 10)`)).toEqual([]);
  });

  it('by a condition', async () => {
    await query(`select pgmq.send_batch('jobs', array['{"kind":"a"}','{"kind":"b"}']::jsonb[])`);
    expect(await all(`select message->>'kind' from pgmq.read('jobs', 30, 5, '{"kind":"b"}')`)).toEqual(['b']);
  });

  it('passes over what others are reading', async () => {
    await query(`select pgmq.send_batch('jobs', array['1','2','3']::jsonb[])`);
    await query('begin', [], other);
    expect(await query(`select msg_id from pgmq.read('jobs', 30, 2)`, [], other)).toHaveLength(2);
    expect(await all(`select msg_id from pgmq.read('jobs', 30, 2)`)).toEqual(['3']);
    await query('rollback', [], other);
    expect(await all(`select msg_id from pgmq.read('jobs', 30, 2)`)).toEqual(['1', '2']);
  });

  it('waits for a message, and no longer than it may', async () => {
    expect(await all(`select msg_id from pgmq.read_with_poll('jobs', 30, 1, 0, 10)`)).toEqual([]);
    const waiting = query(`select msg_id from pgmq.read_with_poll('jobs', 30, 1, 30, 10)`, [], other);
    await send('late');
    expect(await waiting).toEqual([{ msg_id: '1' }]);
  });

  it('pop takes the oldest out', async () => {
    await send('a');
    await query(`select pgmq.send('jobs', '"later"', 60)`);
    expect(await query(`select msg_id, message from pgmq.pop('jobs')`)).toEqual([{ msg_id: '1', message: 'a' }]);
    expect(await query(`select * from pgmq.pop('jobs')`)).toEqual([]);
    expect(await one('select count(*)::int from pgmq.q_jobs')).toBe(1);
  });
});

describe('done with', () => {
  beforeEach(() => query(`select pgmq.send_batch('jobs', array['1','2','3','4']::jsonb[])`));

  it('delete and archive say what was there', async () => {
    expect(await one(`select pgmq.delete('jobs', 1)`)).toBe(true);
    expect(await one(`select pgmq.delete('jobs', 1)`)).toBe(false);
    expect(await all(`select pgmq.delete('jobs', array[1, 2])`)).toEqual(['2']);
    expect(await one(`select pgmq.archive('jobs', 3)`)).toBe(true);
    expect(await one(`select pgmq.archive('jobs', 3)`)).toBe(false);
    expect(await all(`select pgmq.archive('jobs', array[3, 4, 5])`)).toEqual(['4']);
    expect(await query('select msg_id, message, archived_at is not null as dated from pgmq.a_jobs')).toEqual([
      { msg_id: '3', message: 3, dated: true },
      { msg_id: '4', message: 4, dated: true },
    ]);
    expect(await one('select count(*)::int from pgmq.q_jobs')).toBe(0);
  });

  it('purging, and what is told of a queue', async () => {
    await query(`select pgmq.read('jobs', 30, 1)`);
    const [metrics] = await query(`select * from pgmq.metrics('jobs')`);
    expect(metrics).toMatchObject({
      queue_name: 'jobs',
      queue_length: '4',
      queue_visible_length: '3',
      total_messages: '4',
      newest_msg_age_sec: expect.any(Number),
      oldest_msg_age_sec: expect.any(Number),
    });
    expect(await one(`select pgmq.purge_queue('jobs')`)).toBe('4');
    expect(await query(`select queue_length, oldest_msg_age_sec, total_messages from pgmq.metrics_all()`)).toEqual([
      { queue_length: '0', oldest_msg_age_sec: null, total_messages: '4' },
    ]);
  });
});

describe('queues', () => {
  it('are listed, made twice without harm, and dropped', async () => {
    await send('kept');
    await query(`select pgmq.create('jobs'), pgmq.create_unlogged('Fast one')`);
    expect(await query('select queue_name, is_partitioned, is_unlogged from pgmq.list_queues() order by 1')).toEqual([
      { queue_name: 'Fast one', is_partitioned: false, is_unlogged: true },
      { queue_name: 'jobs', is_partitioned: false, is_unlogged: false },
    ]);
    expect(await one(`select relpersistence from pg_class where oid = 'pgmq."q_fast one"'::regclass`)).toBe('u');
    expect(await one(`select pgmq.send('FAST ONE', '1')`)).toBe('1');
    expect(await one('select count(*)::int from pgmq.q_jobs')).toBe(1);
    expect(await one(`select pgmq.drop_queue('Fast one')`)).toBe(true);
    expect(await one(`select pgmq.drop_queue('Fast one')`)).toBe(false);
    expect(await one(`select to_regclass('pgmq."q_fast one"')`)).toBeNull();
    await query(`select pgmq.detach_archive('jobs')`);
  });

  it.each([
    [`pgmq.create('${'x'.repeat(48)}')`, 'queue name is too long, maximum length is 47 characters'],
    [`pgmq.create('a;b')`, /invalid characters/],
    [`pgmq.create('a--b')`, /invalid characters/],
    [`pgmq.send('nowhere', '1')`, /relation "pgmq.q_nowhere" does not exist/],
    [`pgmq.create_partitioned('p')`, 'pg_partman is required for partitioned queues'],
  ])('%s is refused', async (call, message) => {
    await expect(query(`select ${call}`)).rejects.toThrow(message);
  });

  it('a name of 47 characters works, and one with quotes cannot get out of its place', async () => {
    const long = 'y'.repeat(47);
    await query('select pgmq.create($1)', [long]);
    expect(await one('select pgmq.send($1, $2)', [long, '1'])).toBe('1');
    const odd = 'a" (b) drop';
    await query('select pgmq.create($1)', [odd]);
    expect(await one('select pgmq.send($1, $2)', [odd, '1'])).toBe('1');
    await query('select pgmq.drop_queue($1), pgmq.drop_queue($2)', [odd, long]);
  });

  it('two who make the same queue at once both succeed', async () => {
    await Promise.all([query(`select pgmq.create('both')`), query(`select pgmq.create('both')`, [], other)]);
    expect(await one(`select pgmq.drop_queue('both')`)).toBe(true);
  });
});

it('an older version is brought up', async () => {
  await db.query('drop extension pgmq cascade; drop schema pgmq cascade');
  await db.query(`create extension pgmq version '1.5.1+sql'`);
  await db.query('alter extension pgmq update');
  await query(`select pgmq.create('after')`);
  expect(await one(`select pgmq.send('after', '1')`)).toBe('1');
});
