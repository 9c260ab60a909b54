import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TestDatabase } from '../../../../test/support/database.ts';
import { testDatabase } from '../../../../test/support/database.ts';
import type { RawClient } from '../testing/raw-client.ts';
import { type RealtimeUnderTest, startRealtime, testToken } from '../testing/realtime-under-test.ts';

let db: TestDatabase;
let realtime: RealtimeUnderTest | undefined;
beforeAll(async () => {
  db = await testDatabase();
});
afterEach(async () => {
  await realtime?.stop();
  realtime = undefined;
});
afterAll(() => db.drop());

async function start(env: Record<string, string> = {}): Promise<RealtimeUnderTest> {
  realtime = await startRealtime({ db, env });
  return realtime;
}

const reasonOf = async (client: RawClient, name: string, config: object = {}, extra: object = {}) =>
  (await client.join(name, config, extra)).payload.response.reason as string | undefined;

const systemError = (channel: string, message: string) => ({ channel, extension: 'system', status: 'error', message });

describe('tokens', () => {
  test('of a join are refused in the words of the original', async () => {
    const room = await start();
    const client = await room.client();
    const join = (access_token: unknown, more: object = {}) => reasonOf(client, 'x', {}, { access_token, ...more });
    const exp = Math.floor(Date.now() / 1_000) - 5;
    expect(await join(testToken({ exp }))).toMatch(/^InvalidJWTToken: Token has expired \d+ seconds ago$/);
    expect(await join(testToken({ role: undefined }))).toBe(
      'InvalidJWTToken: Fields `role` and `exp` are required in JWT',
    );
    expect(await join('nonsense')).toBe('MalformedJWT: The token provided is not a valid JWT');
    expect(await join(`${testToken().slice(0, -5)}AAAAA`)).toBe('JwtSignatureError: Failed to validate JWT signature');
    expect(await join('sb_publishable_x')).toBeUndefined();
    expect(await join('nonsense', { user_token: testToken() })).toBeUndefined();
    expect(await join(null)).toBeUndefined();
  });

  test('that expire end their channels, and no others', async () => {
    const room = await start();
    const client = await room.client();
    const exp = Math.floor(Date.now() / 1_000) + 100;
    await client.join('short', {}, { access_token: testToken({ exp }) });
    await client.join('long');
    room.advance(120_000);
    expect((await client.event('system')).payload.message).toMatch(/^Token has expired \d\d seconds ago$/);
    expect((await client.event('phx_close')).topic).toBe('realtime:short');
    client.send('phoenix', 'heartbeat', {});
    await client.next(({ topic }) => topic === 'phoenix');
    expect(client.received.filter((one) => !Buffer.isBuffer(one) && one.event === 'phx_close')).toHaveLength(1);
  });

  test('that are refreshed in time keep them; bad ones end them', async () => {
    const room = await start();
    const client = await room.client();
    const exp = Math.floor(Date.now() / 1_000) + 100;
    const old = testToken({ exp });
    await client.join('x', {}, { access_token: old });
    for (const access_token of [old, null, 'sb_secret_x', testToken({ exp: exp + 1_000 })])
      client.send('realtime:x', 'access_token', { access_token }, '1');
    await sleep(50);
    room.advance(200_000);
    await sleep(1_200);
    client.send('phoenix', 'heartbeat', {});
    await client.event('phx_reply');
    client.send('realtime:x', 'access_token', { access_token: 'nonsense' }, '1');
    expect((await client.event('system')).payload).toEqual(systemError('x', 'The token provided is not a valid JWT'));
    expect((await client.event('phx_close')).topic).toBe('realtime:x');
    // Nothing was said to the good ones.
    expect(client.received).toHaveLength(4);
  });
});

describe('limits', () => {
  test('of channels, users and names are said in the reply', async () => {
    const room = await start({ TENANT_MAX_CHANNELS_PER_CLIENT: '2', TENANT_MAX_CONCURRENT_USERS: '2' });
    const client = await room.client();
    expect(await reasonOf(client, '')).toBe('TopicNameRequired: You must provide a topic name');
    const late = await room.client();
    for (const name of ['a', 'b']) expect(await reasonOf(client, name)).toBeUndefined();
    expect(await reasonOf(client, 'c')).toBe('ChannelRateLimitReached: Too many channels');
    const second = await room.client();
    expect(await reasonOf(second, 'a')).toBeUndefined();
    expect(await reasonOf(late, 'a')).toBe('ConnectionRateLimitReached: Too many connected users');
    second.close();
    await second.closed;
    await sleep(50);
    expect(await reasonOf(late, 'a')).toBeUndefined();
  });

  test('of messages a second close the channel, averages count', async () => {
    const room = await start({ TENANT_MAX_EVENTS_PER_SECOND: '5' });
    const client = await room.client();
    await client.join('x', { broadcast: { ack: true } });
    for (let count = 0; count < 30; count++) client.send('realtime:x', 'broadcast', {}, '1');
    for (let count = 0; count < 30; count++) await client.event('phx_reply');
    await sleep(1_300);
    client.send('realtime:x', 'broadcast', {}, '1');
    expect((await client.event('system')).payload).toEqual(systemError('x', 'Too many messages per second'));
    expect((await client.event('phx_close')).ref).toBe('1');
    const answer = await fetch(`${room.url}/api/broadcast`, {
      method: 'POST',
      headers: { apikey: testToken() },
      body: JSON.stringify({ messages: [{ topic: 'x', event: 'e', payload: {} }] }),
    });
    expect([answer.status, await answer.json()]).toEqual([429, { message: 'You have exceeded your rate limit' }]);
  });

  test('of payloads', async () => {
    const room = await start({ STACK_REALTIME_MAX_PAYLOAD_KB: '1' });
    const client = await room.client();
    await client.join('x', { broadcast: { ack: true, self: true } });
    client.send('realtime:x', 'broadcast', { text: 'x'.repeat(2_000) }, '1');
    expect((await client.event('phx_reply')).payload).toEqual({ status: 'error', response: 'payload_size_exceeded' });
    await client.join('y', { presence: { enabled: true } });
    client.send('realtime:y', 'presence', { event: 'track', payload: { text: 'x'.repeat(2_000) } }, '2');
    expect((await client.event('system')).payload).toEqual(systemError('y', 'Track message size exceeded'));
  });

  test('only private channels, where so set', async () => {
    const room = await start({ STACK_REALTIME_PRIVATE_ONLY: 'true' });
    expect(await reasonOf(await room.client(), 'x')).toBe('PrivateOnly: This project only allows private channels');
  });

  test('of presence calls close the channel', async () => {
    const room = await start({ CLIENT_PRESENCE_MAX_CALLS: '5' });
    const client = await room.client();
    await client.join('x', { presence: { enabled: true } });
    for (let n = 0; n < 6; n++) client.send('realtime:x', 'presence', { event: 'track', payload: { n } }, '1');
    expect((await client.event('system')).payload).toEqual(systemError('x', 'Client presence rate limit exceeded'));
  });
});

describe('presence', () => {
  const config = (key: string) => ({ presence: { enabled: true, key } });
  const track = (client: RawClient, payload: unknown) =>
    client.send('realtime:p', 'presence', { type: 'presence', event: 'track', payload }, '1');

  test('states and diffs, updates and leaves', async () => {
    const room = await start();
    const [a, b] = [await room.client(1), await room.client(2)];
    await a.join('p', config('a'));
    expect((await a.event('presence_state')).payload).toEqual({});
    track(a, { n: 1, phx_ref: 'mine' });
    expect((await a.event('phx_reply')).payload).toEqual({ status: 'ok', response: {} });
    const { joins, leaves } = (await a.event('presence_diff')).payload;
    expect(leaves).toEqual({});
    expect(joins).toEqual({ a: { metas: [{ phx_ref: expect.stringMatching(/^[\w-]{16}$/), n: 1 }] } });
    await b.join('p', config('b'));
    expect((await b.event('presence_state')).payload).toEqual(joins);
    track(a, { n: 1 });
    track(a, { n: 2 });
    const diff = (await b.event('presence_diff')).payload;
    const { phx_ref: first } = joins.a.metas[0];
    expect(diff.leaves).toEqual(joins);
    expect(diff.joins.a.metas).toEqual([{ phx_ref: expect.not.stringMatching(first), phx_ref_prev: first, n: 2 }]);
    a.send('realtime:p', 'presence', { event: 'UNTRACK' }, '1');
    expect((await b.event('presence_diff')).payload).toEqual({ joins: {}, leaves: diff.joins });
    track(b, { left: false });
    await a.next(({ event, payload }) => event === 'presence_diff' && payload.joins.b !== undefined);
    b.close();
    await a.next(({ event, payload }) => event === 'presence_diff' && payload.leaves.b !== undefined);
  });

  test('one key of several sockets has several metas', async () => {
    const room = await start();
    const clients = [await room.client(), await room.client()];
    for (const client of clients) {
      await client.join('p', config('same'));
      const ref = track(client, {});
      await client.next((message) => message.event === 'phx_reply' && message.ref === ref);
    }
    const third = await room.client();
    await third.join('p', config(''));
    expect((await third.event('presence_state')).payload.same.metas).toHaveLength(2);
  });

  test('who tracks without having asked for presence takes part from then on', async () => {
    const room = await start();
    const client = await room.client();
    await client.join('p');
    track(client, { n: 1 });
    await client.event('presence_state');
    expect(client.received.some((one) => !Buffer.isBuffer(one) && one.event === 'presence_state')).toBe(true);
    track(client, 'no object');
    expect(
      (await client.next(({ event, payload }) => event === 'phx_reply' && payload.status === 'error')).payload,
    ).toEqual({ status: 'error', response: { reason: 'Presence track payload must be a map' } });
    client.send('realtime:p', 'presence', { event: 'dance' }, '1');
    expect(
      (await client.next(({ event, payload }) => event === 'phx_reply' && payload.status === 'error')).payload,
    ).toEqual({ status: 'error', response: {} });
  });
});

test('a change of presence counts against its limit once for each who is told', async () => {
  const room = await start({ STACK_REALTIME_MAX_PRESENCE_EVENTS: '2' });
  const clients = await Promise.all(Array.from({ length: 40 }, () => room.client()));
  await Promise.all(clients.map((client) => client.join('p', { presence: { enabled: true } })));
  const [first] = clients as [RawClient];
  const track = (n: number) => first.send('realtime:p', 'presence', { event: 'track', payload: { n } }, '1');
  // One call, and 40 that are told: an average above 2 for the next 20 s, after the second in which it is counted.
  track(1);
  for (const client of clients) await client.event('presence_diff');
  await sleep(1_200);
  track(2);
  expect((await first.event('system')).payload).toEqual(systemError('p', 'Too many presence messages per second'));
});

describe('a slow client', () => {
  test('is spared broadcasts, told how many, and served on', async () => {
    const room = await start({ STACK_REALTIME_BACKLOG: '64kB' });
    const [slow, sender] = [await room.client(), await room.client()];
    await slow.join('x');
    await sender.join('x', { broadcast: { ack: true } });
    slow.socket.pause();
    const text = 'x'.repeat(100_000);
    for (let count = 0; count < 200; count++) {
      sender.send('realtime:x', 'broadcast', { text }, '1');
      await sender.event('phx_reply');
    }
    slow.socket.resume();
    const { payload } = await slow.event('system');
    expect(payload.message).toMatch(/^\d+ messages were left out because the client is too slow$/);
    const left = Number(/\d+/.exec(payload.message)?.[0]);
    const got = slow.received.filter((one) => !Buffer.isBuffer(one) && one.event === 'broadcast').length;
    expect(left).toBeGreaterThan(0);
    expect(got + left).toBe(200);
  });

  test('that takes nothing at all is ended', async () => {
    const room = await start({ STACK_REALTIME_BACKLOG: '64kB', STACK_REALTIME_STALL: '1s' });
    const [stuck, sender] = [await room.client(), await room.client()];
    await stuck.join('x');
    await sender.join('x', { broadcast: { ack: true } });
    stuck.socket.pause();
    for (let count = 0; count < 100; count++) {
      sender.send('realtime:x', 'broadcast', { text: 'x'.repeat(100_000) }, '1');
      await sender.event('phx_reply');
    }
    expect(room.room.api.sockets()).toBe(2);
    const deadline = performance.now() + 15_000;
    while (room.room.api.sockets() > 1 && performance.now() < deadline) await sleep(100);
    expect(room.room.api.sockets()).toBe(1);
  });
});

describe('the end', () => {
  test('of the room is told to every channel, with 1012', async () => {
    const room = await start();
    const client = await room.client();
    await client.join('x');
    await room.room.stop();
    expect((await client.event('system')).payload).toEqual({
      channel: 'x',
      extension: 'system',
      status: 'ok',
      message: 'Server requested disconnect',
    });
    expect(await client.closed).toBe(1012);
  });

  test('frames beyond the bound close with 1009, silence with 1000', async () => {
    const room = await start({ STACK_REALTIME_MAX_FRAME: '2000' });
    const [loud, silent] = [await room.client(), await room.client()];
    loud.sendText('x'.repeat(3_000));
    expect(await loud.closed).toBe(1009);
    room.advance(61_000);
    expect(await silent.closed).toBe(1000);
  });
});
