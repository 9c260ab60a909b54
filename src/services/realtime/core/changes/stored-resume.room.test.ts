import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../../../../../test/support/client.ts';
import type { RawClient } from '../../testing/raw-client.ts';
import { type RealtimeUnderTest, startRealtime, testToken } from '../../testing/realtime-under-test.ts';

let stack: RealtimeUnderTest;
const notes = { postgres_changes: [{ event: 'INSERT', schema: 'public', table: 'notes' }] };
const token = () => testToken({ role: 'service_role' });

beforeAll(async () => {
  stack = await startRealtime();
  await stack.db.query(`
    create table public.notes (id int primary key);
    grant all on public.notes to service_role;
    alter publication supabase_realtime add table public.notes;`);
});
afterAll(() => stack?.stop());
beforeEach(() => stack.db.query('truncate public.notes'));

const write = (id: number) => stack.db.query('insert into public.notes values ($1)', [id]);
const send = (n: number, topic: string, isPrivate = false) =>
  stack.db.query("select realtime.send(jsonb_build_object('n', $1::int), 'told', $2, $3)", [n, topic, isPrivate]);

interface Given {
  readonly what: string;
  readonly position: string | undefined;
}

/** Kind 4: what it is called, and its metadata. */
function readBinary(frame: Buffer): Given {
  const [, topic = 0, event = 0, metadata = 0] = frame;
  const { position } = JSON.parse(frame.toString('utf8', 5 + topic + event, 5 + topic + event + metadata));
  const { n } = JSON.parse(frame.toString('utf8', 5 + topic + event + metadata));
  return { what: `message ${n}`, position };
}

/** Notes and messages in the order they came. */
function givenTo(client: RawClient): Given[] {
  return client.received.flatMap((one): Given[] => {
    if (Buffer.isBuffer(one)) return [readBinary(one)];
    if (one.event === 'postgres_changes')
      return [{ what: `note ${one.payload.data.record.id}`, position: one.payload.position }];
    if (one.event !== 'broadcast') return [];
    return [{ what: `message ${one.payload.payload.n}`, position: one.payload.meta.position }];
  });
}

const names = (client: RawClient): string[] => givenTo(client).map(({ what }) => what);

async function whenGiven(client: RawClient, count: number): Promise<Given[]> {
  await until(`${count} being given`, async () => givenTo(client).length >= count);
  return givenTo(client);
}

async function joined(topic: string, config: object, version: 1 | 2 = 2): Promise<RawClient> {
  const client = await stack.client(version, token());
  await client.join(topic, config);
  return client;
}

for (const version of [1, 2] as const)
  test(`changes and stored broadcasts come in one order, and are given again after a break (${version}.0.0)`, async () => {
    const topic = `both ${version}`;
    const first = await joined(topic, { ...notes, resume: {} }, version);
    await first.event('resume');
    await write(1);
    await send(1, topic);
    await write(2);
    await send(2, 'another topic');
    await send(2, topic);
    const given = await whenGiven(first, 4);
    expect(given.map(({ what }) => what)).toEqual(['note 1', 'message 1', 'note 2', 'message 2']);
    const positions = given.map(({ position }) => position as string);
    expect([...positions].sort()).toEqual(positions);
    expect(new Set(positions).size).toBe(4);
    first.close();
    await write(3);
    await send(3, topic);
    const again = await joined(topic, { ...notes, resume: { after: positions[1] } }, version);
    await again.event('resume');
    expect(names(again)).toEqual(['note 2', 'message 2', 'note 3', 'message 3']);
    await send(4, topic);
    await whenGiven(again, 5);
    expect(names(again).at(-1)).toBe('message 4');
  });

test('a channel without changes follows its stored broadcasts; one without resume gets them as ever', async () => {
  const follower = await joined('alone', { broadcast: { resume: true } });
  const plain = await joined('alone', {});
  const told = await follower.event('resume');
  expect(told.payload).toEqual({ status: 'position', position: expect.stringMatching(/^[0-9a-f]{24}$/i) });
  plain.send('realtime:alone', 'broadcast', { type: 'broadcast', event: 'e', payload: { n: 0 } });
  await follower.event('broadcast');
  await send(1, 'alone');
  await until('both being given it', async () =>
    [follower, plain].every((client) => client.received.some((one) => Buffer.isBuffer(one))),
  );
  const [mine, ofPlain] = [follower, plain].map((client) =>
    readBinary(client.received.find(Buffer.isBuffer) as Buffer),
  );
  expect(mine).toEqual({ what: 'message 1', position: expect.stringMatching(/^[0-9a-f]{24}$/i) });
  expect(ofPlain).toEqual({ what: 'message 1', position: undefined });
  expect(follower.received.some((one) => !Buffer.isBuffer(one) && one.event === 'system')).toBe(false);
});

test('private ones are not mixed with public ones of the same topic', async () => {
  const open = await joined('two', { resume: {} });
  const closed = await joined('two', { resume: {}, private: true });
  await Promise.all([open.event('resume'), closed.event('resume')]);
  await send(1, 'two', true);
  await send(2, 'two', false);
  await whenGiven(open, 1);
  await whenGiven(closed, 1);
  expect([names(open), names(closed)]).toEqual([['message 2'], ['message 1']]);
});

test('positions hold over a restart; those that are gone are told', async () => {
  const before = await joined('restart', { resume: {} });
  const { position } = (await before.event('resume')).payload;
  await send(1, 'restart');
  await whenGiven(before, 1);
  await stack.room.stop();
  await send(2, 'restart');
  await stack.room.start(new AbortController().signal);
  const after = await joined('restart', { resume: { after: position } });
  await after.event('resume');
  expect(names(after)).toEqual(['message 1', 'message 2']);
  const gone = await joined('restart', { resume: { after: '0'.repeat(24) } });
  expect((await gone.event('resume')).payload).toMatchObject({ status: 'gap', after: '0'.repeat(24) });
});
