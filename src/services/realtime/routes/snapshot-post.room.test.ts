import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClient } from '#kernel/sql';
import { until } from '../../../../test/support/client.ts';
import type { RawClient } from '../testing/raw-client.ts';
import { type RealtimeUnderTest, startRealtime, testToken } from '../testing/realtime-under-test.ts';

const [alice, bob] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'] as const;
const tokenOf = (sub: string) => testToken({ role: 'authenticated', sub });
const service = testToken({ role: 'service_role' });

let stack: RealtimeUnderTest;
beforeAll(async () => {
  stack = await startRealtime({ env: { STACK_CHANGES_SNAPSHOT_ROWS: '7', STACK_CHANGES_SNAPSHOT_BYTES: '4000' } });
  await stack.db.query(`
    create type public.mood as enum ('glad', 'sad');
    create type public.pair as (a int, b text);
    create table public.kinds (
      id int primary key, i8 int8, n numeric, f float8, b boolean, j jsonb, js json, ts timestamptz, t timestamp, d date, u uuid,
      by bytea, m public.mood, p public.pair, a int[], aa text[], r int4range, iv interval, c char(4), inf timestamptz);
    create table public.notes (id int, part text, owner uuid, body text, secret text, primary key (part, id));
    create table public.moving (id int primary key, owner uuid, version int, body text);
    alter table public.notes enable row level security;
    alter table public.moving enable row level security;
    create policy own on public.notes for select to authenticated using ((select auth.uid()) = owner);
    create policy own on public.moving for select to authenticated using ((select auth.uid()) = owner);
    create table public.hidden (id int primary key);
    create table public.keyless (id int);
    grant select on all tables in schema public to authenticated, service_role;
    revoke all on public.notes from authenticated, anon;
    grant select (id, part, owner, body) on public.notes to authenticated;
    alter publication supabase_realtime add table public.kinds, public.notes, public.moving, public.keyless;
    insert into public.notes select n, 'part ' || n % 3, case when n % 2 = 0 then '${alice}' else '${bob}' end::uuid, 'body ' || n, 'secret'
      from generate_series(1, 40) n;`);
});
afterAll(() => stack?.stop());

interface Answer {
  readonly position: string;
  readonly rows: readonly Record<string, unknown>[];
  readonly next: string | null;
}

async function post(token: string, body: object): Promise<{ status: number; text: string; json: Answer }> {
  const response = await fetch(`${stack.url}/api/snapshot`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, json: JSON.parse(text) as Answer };
}

async function readAll(token: string, body: object): Promise<{ position: string; rows: Record<string, unknown>[] }> {
  const rows: Record<string, unknown>[] = [];
  let after: string | undefined;
  for (;;) {
    const { status, text, json } = await post(token, { ...body, ...(after !== undefined && { after }) });
    if (status !== 200) throw new Error(text);
    rows.push(...json.rows);
    if (json.next === null) return { position: json.position, rows };
    after = json.next;
  }
}

/** Changes flow a moment after the start. */
const flowing = () => until('changes to flow', async () => (await post(service, { table: 'kinds' })).status === 200);

describe('rows', () => {
  beforeAll(flowing);

  test('come in pages in the order of the key, those that the caller may see, with the columns it may select', async () => {
    const { json } = await post(tokenOf(alice), { schema: 'public', table: 'notes' });
    expect(json.rows).toHaveLength(7);
    expect(json.rows[0]).toEqual({ id: 6, part: 'part 0', owner: alice, body: 'body 6' });
    const all = await readAll(tokenOf(alice), { schema: 'public', table: 'notes', limit: 3 });
    expect(all.rows.map(({ id }) => id)).toEqual(
      [0, 1, 2].flatMap((part) =>
        Array.from({ length: 40 }, (_, n) => n + 1).filter((n) => n % 2 === 0 && n % 3 === part),
      ),
    );
    expect((await readAll(service, { table: 'notes' })).rows).toHaveLength(40);
    expect((await post(testToken({ role: 'anon' }), { table: 'notes' })).text).toBe(
      '{"message":"Error 401: Unauthorized"}',
    );
  });

  test('are filtered and cut as changes are', async () => {
    const ids = async (filter: string) =>
      (await readAll(service, { table: 'notes', filter, select: ['body'] })).rows.map(({ id }) => id);
    expect(await ids('part=eq.part 1,id=lt.10')).toEqual([1, 4, 7]);
    expect(await ids('id=in.(1,2,50),body=not.eq.body 1')).toEqual([2]);
    expect(await ids('body=like.%9,id=not.is.null')).toEqual([9, 39, 19, 29]);
    expect(await ids('body=isdistinct.x,id=gte.39')).toEqual([39, 40]);
    const { json } = await post(service, { table: 'notes', select: ['body'], limit: 1 });
    expect(json.rows).toEqual([{ id: 3, part: 'part 0', body: 'body 3' }]);
  });

  test('have the values that changes have, no digit lost, and pages have a bound in bytes', async () => {
    const client = await stack.client(2, service);
    await client.join('kinds', { resume: {}, postgres_changes: [{ event: '*', schema: 'public', table: 'kinds' }] });
    await client.event('resume');
    await stack.db.query(`insert into public.kinds values (1, 9007199254740993, 1.50, 1e-7, true, '{"a": [1, null]}', '{"b" : 1.0}',
      '2026-11-22 23:41:03.154301+02', '2026-01-01 00:00', '2026-01-01', '${alice}', '\\x00ff', 'glad', '(1,"a b")', '{1,null}',
      '{"a,b",null,"c"}', '[1,5)', '1 day 02:00', 'ab', 'infinity')`);
    await stack.db.query("insert into public.kinds (id, n) values (2, 'NaN')");
    await client.event('postgres_changes');
    await client.event('postgres_changes');
    const { text, json } = await post(service, { table: 'kinds' });
    const records = client.received.flatMap((one) =>
      !Buffer.isBuffer(one) && one.event === 'postgres_changes' ? [one.payload.data.record] : [],
    );
    expect(json.rows).toEqual(records);
    expect(text).toContain('"i8":9007199254740993,"n":1.50,');
    await stack.db.query(
      "insert into public.kinds (id, js) select n, to_json(repeat('x', 3000)) from generate_series(3, 5) n",
    );
    const sizes: number[] = [];
    let after: string | null = null;
    do {
      const { json }: { json: Answer } = await post(service, { table: 'kinds', ...(after !== null && { after }) });
      sizes.push(json.rows.length);
      after = json.next;
    } while (after !== null);
    expect(sizes).toEqual([3, 1, 1]);
    client.close();
  });

  test('are refused in the words for channels', async () => {
    const refused = async (body: object, token = service) => {
      const { status, json } = await post(token, body);
      return `${status} ${(json as unknown as { message: string }).message}`;
    };
    expect(await refused({})).toMatch(/^400 No subscription params provided/);
    expect(await refused({ table: '*' })).toMatch(/^400 A snapshot is of one table/);
    expect(await refused({ table: 'hidden' })).toMatch(
      /^400 Unable to subscribe to changes with given parameters\. Please check Realtime is enabled .*table: hidden/,
    );
    expect(await refused({ table: 'keyless' })).toBe('400 Error 400: Bad Request, no primary key');
    expect(await refused({ table: 'notes', filter: 'id=eq.x' })).toMatch(/invalid input syntax for type integer/);
    expect(await refused({ table: 'notes', filter: 'secret=eq.x' }, tokenOf(alice))).toMatch(
      /invalid column for filter secret/,
    );
    expect(await refused({ table: 'notes', limit: 0 })).toBe('400 `limit` has to be a positive integer');
    for (const after of ['', 'nonsense', Buffer.from('["x","y","z"]').toString('base64url'), 5])
      expect(await refused({ table: 'notes', after })).toBe('400 `after` has to be the `next` of an earlier answer');
    const wrongKey = Buffer.from(JSON.stringify(['0'.repeat(24), 'part', 'no number'])).toString('base64url');
    expect(await refused({ table: 'notes', after: wrongKey })).toMatch(/^400 invalid input syntax/);
    expect((await fetch(`${stack.url}/api/snapshot`, { method: 'POST', body: '{}' })).status).toBe(401);
  });
});

describe('while everybody writes', () => {
  const clients: RawClient[] = [];

  /** Rows as a reader has them who reads once and follows from there. */
  async function reader(owner: string, round: number): Promise<() => Map<number, number>> {
    const token = tokenOf(owner);
    const rows = new Map<number, number>();
    const { position, rows: first } = await readAll(token, { table: 'moving', limit: 2 });
    for (const { id, version } of first) rows.set(id as number, version as number);
    const client = await stack.client(2, token);
    clients.push(client);
    await client.join(`moving ${owner} ${round}`, {
      resume: { after: position },
      postgres_changes: [{ event: '*', schema: 'public', table: 'moving' }],
    });
    return () => {
      const now = new Map(rows);
      for (const one of client.received) {
        if (Buffer.isBuffer(one)) continue;
        if (one.event === 'resume' && one.payload.status === 'gap') throw new Error('a gap');
        if (one.event !== 'postgres_changes') continue;
        const { type, record, old_record: old } = one.payload.data;
        if (type === 'DELETE') now.delete(old.id);
        else now.set(record.id, record.version);
      }
      return now;
    };
  }

  test('first read and changes together are the table: no row is missing, none is too old', async () => {
    await flowing();
    let isWriting = true;
    const write = async (seed: number): Promise<void> => {
      const own = await connectClient(stack.db.connection('supabase_admin'));
      for (let n = seed; isWriting; n++) {
        const id = 1 + ((n * 7) % 12);
        const owner = id % 2 === 0 ? alice : bob;
        await own.pg.query('begin');
        await own.pg.query(
          n % 5 === 0
            ? `delete from public.moving where id = ${id}`
            : `insert into public.moving values (${id}, '${owner}', ${n}) on conflict (id) do update set version = moving.version + 1`,
        );
        // What a snapshot does not see yet may have begun long before what it sees.
        if (n % 3 === 0) await sleep(5);
        await own.pg.query('commit');
      }
      await own.pg.end();
    };
    const writers = [write(1), write(1_000)];
    const readers: (() => Map<number, number>)[] = [];
    for (let round = 0; round < 6; round++)
      readers.push(...(await Promise.all([reader(alice, round), reader(bob, round)])));
    isWriting = false;
    await Promise.all(writers);
    const marks = { [alice]: 1_000, [bob]: 1_001 };
    for (const [owner, id] of Object.entries(marks))
      await stack.db.query('insert into public.moving values ($1, $2, 1)', [id, owner]);
    for (const [index, rows] of readers.entries()) {
      const owner = index % 2 === 0 ? alice : bob;
      await until('the last change', async () => rows().has(marks[owner] as number));
      const expected = await stack.db.query<{ id: number; version: number }>(
        'select id, version from public.moving where owner = $1',
        [owner],
      );
      expect([...rows()].sort()).toEqual(expected.map(({ id, version }) => [id, version] as const).sort());
    }
    for (const client of clients) client.close();
  });
});
