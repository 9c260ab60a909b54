import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalBus, createSharedBus } from '#kernel/bus';
import { type RealtimeUnderTest, startRealtime, testToken } from '../testing/realtime-under-test.ts';

interface Said {
  readonly status: number;
  readonly token?: string;
  readonly messages?: string[];
}

/** A client that polls only when told to. */
class Poller {
  readonly #url: string;
  token = '';
  constructor(node: RealtimeUnderTest, vsn = '2.0.0', key = testToken()) {
    this.#url = `${node.url}/socket/longpoll?apikey=${key}&vsn=${vsn}`;
  }
  async ask(init: RequestInit = {}, from?: RealtimeUnderTest): Promise<{ answer: Response; text: string; said: Said }> {
    const url = from ? this.#url.replace(/^http:\/\/[^/]+/, from.url) : this.#url;
    const answer = await fetch(`${url}&token=${this.token}`, init);
    const text = await answer.text();
    return { answer, text, said: text.startsWith('{') ? JSON.parse(text) : undefined };
  }
  async open(): Promise<this> {
    const { said } = await this.ask();
    expect(said).toEqual({ messages: [], status: 410, token: expect.any(String) });
    this.token = said.token as string;
    return this;
  }
  /** What comes next, without having to wait for it longer than a window. */
  async poll(from?: RealtimeUnderTest): Promise<string[]> {
    const { said } = await this.ask({}, from);
    expect(said.token).toBe(this.token);
    expect(said.status).toBe(said.messages?.length === 0 ? 204 : 200);
    return said.messages ?? [];
  }
  async pollAll(count: number, from?: RealtimeUnderTest): Promise<unknown[]> {
    const all: string[] = [];
    while (all.length < count) all.push(...(await this.poll(from)));
    return all.map((message) => JSON.parse(message));
  }
  async send(lines: readonly unknown[], from?: RealtimeUnderTest): Promise<number> {
    const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    const { said } = await this.ask(
      { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body },
      from,
    );
    return said.status;
  }
}

const joinOf = (name: string, config: object = {}) => ['1', '1', `realtime:${name}`, 'phx_join', { config }];
const joined = (name: string) => [
  '1',
  '1',
  `realtime:${name}`,
  'phx_reply',
  { status: 'ok', response: { postgres_changes: [] } },
];
const broadcast = (name: string, payload: object) => [null, null, `realtime:${name}`, 'broadcast', payload];

/** Two buses that hear each other, as those of two workers. */
function busPair() {
  const locals = [0, 1].map(() =>
    createLocalBus((error) => {
      throw error;
    }),
  );
  const pass = (to: number) => ({
    isConnected: true,
    // What crosses is a copy, and comes later.
    send: (subject: string, payload: unknown) => {
      const copy: unknown = Buffer.isBuffer(payload) ? Buffer.from(payload) : JSON.parse(JSON.stringify(payload));
      setImmediate(() => locals[to]?.publish(subject, copy));
    },
    want() {},
    unwant() {},
    settled: () => undefined,
  });
  return locals.map((local, index) => createSharedBus(local, pass(1 - index)));
}

let realtime: RealtimeUnderTest;
let other: RealtimeUnderTest;
beforeAll(async () => {
  const [one, two] = busPair();
  const env = { STACK_REALTIME_LONGPOLL_WINDOW: '2s', STACK_REALTIME_LONGPOLL_PATIENCE: '1s' };
  realtime = await startRealtime({ env, bus: one as never });
  other = await startRealtime({ env, bus: two as never, db: realtime.db });
});
afterAll(async () => {
  await other.stop();
  await realtime.stop();
});

describe('the answer to a poll', () => {
  test('is 410 with a token at first, 204 when nothing came, 200 with what did', async () => {
    const poller = await new Poller(realtime).open();
    expect(await poller.poll()).toEqual([]);
    expect(await poller.send([joinOf('a'), [null, '2', 'phoenix', 'heartbeat', {}]])).toBe(200);
    expect(await poller.pollAll(2)).toEqual([
      joined('a'),
      [null, '2', 'phoenix', 'phx_reply', { status: 'ok', response: {} }],
    ]);
  });

  test('comes as soon as a message does', async () => {
    const poller = await new Poller(realtime).open();
    await poller.send([joinOf('soon')]);
    await poller.pollAll(1);
    const waiting = poller.pollAll(2);
    const socket = await realtime.client();
    await socket.join('soon');
    for (const n of [1, 2]) socket.send('realtime:soon', 'broadcast', { n }, '1');
    expect(await waiting).toEqual([broadcast('soon', { n: 1 }), broadcast('soon', { n: 2 })]);
  });

  test('is protocol 1 where the client asks for it, or for nothing', async () => {
    for (const vsn of ['1.0.0', '']) {
      const poller = new Poller(realtime, vsn);
      if (vsn === '') {
        const { said } = await poller.ask();
        expect(said).toEqual({ status: 403 });
        continue;
      }
      await poller.open();
      const message = { topic: 'realtime:v1', event: 'phx_join', payload: { config: {} }, ref: '7' };
      const { said } = await poller.ask({ method: 'POST', body: JSON.stringify(message) });
      expect(said).toEqual({ status: 200 });
      expect(await poller.pollAll(1)).toEqual([
        {
          topic: 'realtime:v1',
          event: 'phx_reply',
          payload: { status: 'ok', response: { postgres_changes: [] } },
          ref: '7',
        },
      ]);
    }
  });

  test('has text for broadcasts that others sent as bytes, and leaves out what has no text', async () => {
    const poller = await new Poller(realtime).open();
    await poller.send([joinOf('bytes')]);
    await poller.pollAll(1);
    const socket = await realtime.client();
    await socket.join('bytes');
    const frame = (encoding: number, payload: string) =>
      Buffer.concat([Buffer.from([3, 1, 1, 14, 1, 0, encoding]), Buffer.from(`11realtime:bytese${payload}`)]);
    socket.sendBytes(frame(0, 'raw'));
    socket.sendBytes(frame(1, '{"n":12345678901234567890}'));
    const texts: string[] = [];
    while (texts.length === 0) texts.push(...(await poller.poll()));
    expect(texts).toEqual([
      '[null,null,"realtime:bytes","broadcast",{"event":"e","payload":{"n":12345678901234567890},"type":"broadcast"}]',
    ]);
    // And the other way round: bytes come as base64.
    const pushed = frame(1, '{"n":2}').toString('base64');
    expect(await poller.send([pushed])).toBe(200);
    expect((await socket.nextBinary()).toString()).toContain('{"n":2}');
  });

  test('is 403 for who may not open a socket', async () => {
    for (const poller of [new Poller(realtime, '2.0.0', 'no.jwt.atall'), new Poller(realtime, '3.0.0')])
      expect((await poller.ask()).text).toBe('{"status":403}');
  });
});

describe('what is no session', () => {
  test.each(['', 'nonsense', `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}.AAAAAAAAAAAA.${'A'.repeat(32)}`])(
    'is gone: %s',
    async (token) => {
      const poller = new Poller(realtime);
      poller.token = token;
      expect(await poller.send(['[]'])).toBe(410);
      const { said } = await poller.ask();
      expect(said).toMatchObject({ status: 410, messages: [], token: expect.stringContaining('.') });
      expect(said.token).not.toBe(token);
    },
  );

  test('nor is one with another secret', async () => {
    const poller = await new Poller(realtime).open();
    const last = poller.token.at(-1) === 'A' ? 'B' : 'A';
    poller.token = poller.token.slice(0, -1) + last;
    expect(await poller.send(['[]'])).toBe(410);
  });

  test('a session nobody asks for ends, and its channels with it', async () => {
    const poller = await new Poller(realtime).open();
    await poller.send([joinOf('left', { presence: { enabled: true, key: 'poller' } })]);
    await poller.send([['1', '2', 'realtime:left', 'presence', { type: 'presence', event: 'track', payload: {} }]]);
    const socket = await realtime.client();
    await socket.join('left', { presence: { enabled: true } });
    expect(Object.keys((await socket.event('presence_state')).payload)).toEqual(['poller']);
    realtime.advance(4_001);
    expect((await socket.event('presence_diff', 15_000)).payload.leaves).toHaveProperty('poller');
    expect(await poller.send(['[]'])).toBe(410);
  });
});

test('other methods are answered as by Phoenix', async () => {
  const poller = new Poller(realtime);
  const preflight = await poller.ask({
    method: 'OPTIONS',
    headers: { 'access-control-request-headers': 'content-type' },
  });
  expect(preflight.answer.status).toBe(200);
  expect(Object.fromEntries(preflight.answer.headers)).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'content-type',
    'access-control-allow-methods': 'get, post, options',
    'access-control-max-age': '3600',
  });
  for (const method of ['PUT', 'DELETE', 'PATCH']) expect((await poller.ask({ method })).answer.status).toBe(400);
  await poller.open();
  const { answer } = await poller.ask({
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '[]\nno base64!',
  });
  expect(answer.status).toBe(400);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
});

describe('over two nodes', () => {
  test('any node answers for a session of the other', async () => {
    const poller = await new Poller(realtime).open();
    expect(await poller.send([joinOf('far')], other)).toBe(200);
    expect(await poller.pollAll(1, other)).toEqual([joined('far')]);
    expect(await poller.poll(other)).toEqual([]);
    const waiting = poller.pollAll(1, other);
    const socket = await other.client();
    await socket.join('far');
    socket.send('realtime:far', 'broadcast', { n: 1 }, '1');
    expect(await waiting).toEqual([broadcast('far', { n: 1 })]);
    const frame = Buffer.concat([Buffer.from([3, 1, 1, 12, 1, 0, 1]), Buffer.from('11realtime:fare{"by":"poll"}')]);
    expect(await poller.send([frame.toString('base64')], other)).toBe(200);
    expect((await socket.nextBinary()).toString()).toContain('{"by":"poll"}');
  });

  test('a session whose node is gone is gone', async () => {
    const [one, two] = busPair();
    const env = { STACK_REALTIME_LONGPOLL_PATIENCE: '300ms' };
    const asked = await startRealtime({ env, bus: one as never, db: realtime.db });
    const leaving = await startRealtime({ env, bus: two as never, db: realtime.db });
    const poller = await new Poller(leaving).open();
    const waiting = poller.ask();
    await leaving.stop();
    await waiting.catch(() => {});
    expect(await poller.send(['[]'], asked)).toBe(410);
    expect((await poller.ask({}, asked)).said.status).toBe(410);
    await asked.stop();
  });
});
