import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RealtimeUnderTest, startRealtime, testToken } from '../testing/realtime-under-test.ts';

let realtime: RealtimeUnderTest;
beforeAll(async () => {
  realtime = await startRealtime();
});
afterAll(() => realtime.stop());

const versions = [1, 2] as const;

describe.each(versions)('protocol %i.0.0', (version) => {
  test('answers heartbeats without a join_ref', async () => {
    const client = await realtime.client(version);
    const ref = client.send('phoenix', 'heartbeat', {});
    const reply = await client.event('phx_reply');
    expect(reply).toEqual({
      joinRef: version === 1 ? undefined : null,
      ref,
      topic: 'phoenix',
      event: 'phx_reply',
      payload: { status: 'ok', response: {} },
    });
  });

  test('joins, leaves, and knows nothing of the topic afterwards', async () => {
    const client = await realtime.client(version);
    const reply = await client.join('a:b');
    expect(reply.topic).toBe('realtime:a:b');
    expect(reply.payload).toEqual({ status: 'ok', response: { postgres_changes: [] } });
    client.send('realtime:a:b', 'phx_leave', {}, '1');
    expect((await client.event('phx_reply')).payload).toEqual({ status: 'ok', response: {} });
    const close = await client.event('phx_close');
    expect(close).toMatchObject({ ref: '1', topic: 'realtime:a:b', payload: {} });
    client.send('realtime:a:b', 'broadcast', {}, '1');
    expect((await client.event('phx_reply')).payload).toEqual({
      status: 'error',
      response: { reason: 'unmatched topic' },
    });
    client.send('realtime:a:b', 'phx_leave', {}, '1');
    expect((await client.event('phx_reply')).payload).toEqual({ status: 'ok', response: {} });
  });

  test('a second join closes the first', async () => {
    const client = await realtime.client(version);
    await client.join('twice');
    const again = await client.join('twice');
    expect(again.payload.status).toBe('ok');
    expect(await client.event('phx_close')).toMatchObject({ ref: '1', topic: 'realtime:twice' });
  });

  test('joins without a join_ref', async () => {
    const client = await realtime.client(version);
    client.sendText(
      version === 1
        ? JSON.stringify({ topic: 'realtime:x', event: 'phx_join', payload: { config: {} }, ref: '1' })
        : JSON.stringify([null, '1', 'realtime:x', 'phx_join', { config: {} }]),
    );
    expect((await client.event('phx_reply')).payload.status).toBe('ok');
  });

  test('a broadcast as text reaches the others as it was sent', async () => {
    const sender = await realtime.client(version);
    const others = await Promise.all(versions.map((other) => realtime.client(other)));
    for (const client of [sender, ...others]) await client.join('text', { broadcast: { ack: true } });
    const payload = { type: 'broadcast', event: 'e', payload: { n: 1 }, more: ['ä'] };
    sender.send('realtime:text', 'broadcast', payload, '1');
    expect((await sender.event('phx_reply')).payload).toEqual({ status: 'ok', response: {} });
    for (const other of others) {
      const message = await other.event('broadcast');
      expect(message).toMatchObject({ ref: null, topic: 'realtime:text', payload });
      expect(message.joinRef ?? null).toBeNull();
    }
    expect(sender.received.some((one) => !Buffer.isBuffer(one) && one.event === 'broadcast')).toBe(false);
  });

  test('no digit of a broadcast as text is lost', async () => {
    const client = await realtime.client(version);
    await client.join('digits', { broadcast: { self: true } });
    const frames: string[] = [];
    client.socket.on('message', (data: Buffer) => frames.push(data.toString()));
    const payload = '{"event":"e", "payload": {"n":9007199254740993,"m":1.50} }';
    client.sendText(
      version === 1
        ? `{"topic":"realtime:digits","payload":${payload},"event":"broadcast","ref":"9"}`
        : `["1","9","realtime:digits","broadcast",${payload}]`,
    );
    await client.event('broadcast');
    expect(frames.join()).toContain(payload);
  });

  test('nor of what a client tells of its presence', async () => {
    const client = await realtime.client(version);
    await client.join('present', { presence: { enabled: true, key: 'me' } });
    const frames: string[] = [];
    client.socket.on('message', (data: Buffer) => frames.push(data.toString()));
    const payload = '{"event":"track","payload":{"n":9007199254740993,"phx_ref":"mine", "m" : [1.50]}}';
    client.sendText(
      version === 1
        ? `{"topic":"realtime:present","payload":${payload},"event":"presence","ref":"9"}`
        : `["1","9","realtime:present","presence",${payload}]`,
    );
    await client.event('presence_diff');
    expect(frames.join()).toMatch(/\{"phx_ref":"[\w-]{16}","n":9007199254740993,"m":\[1\.50\]\}/);
  });

  test('self: the sender gets it too', async () => {
    const client = await realtime.client(version);
    await client.join('self', { broadcast: { self: true } });
    client.send('realtime:self', 'broadcast', {}, '1');
    expect((await client.event('broadcast')).payload).toEqual({});
  });
});

/** Kind 3 of protocol 2. */
function userBroadcast(
  topic: string,
  event: string,
  encoding: 0 | 1,
  payload: string,
  joinRef = '1',
  ref = '9',
): Buffer {
  const parts = [joinRef, ref, topic, event, ''].map((part) => Buffer.from(part));
  return Buffer.concat([
    Buffer.from([3, ...parts.map(({ length }) => length), encoding]),
    ...parts,
    Buffer.from(payload),
  ]);
}

/** Kind 4, taken apart. */
function parseUserBroadcast(frame: Buffer): object {
  const [kind, topic = 0, event = 0, metadata = 0, encoding] = frame;
  let at = 5;
  const take = (length: number) => {
    at += length;
    return frame.toString('utf8', at - length, at);
  };
  return {
    kind,
    topic: take(topic),
    event: take(event),
    metadata: take(metadata),
    encoding,
    payload: take(frame.length),
  };
}

describe('binary frames', () => {
  test('kind 3 arrives as kind 4, and as text at protocol 1 where it is JSON', async () => {
    const [sender, modern, old] = [await realtime.client(2), await realtime.client(2), await realtime.client(1)];
    for (const client of [sender, modern, old]) await client.join('binary', { broadcast: { ack: true } });
    sender.sendBytes(userBroadcast('realtime:binary', 'raw', 0, '\u0000ÿ'));
    sender.sendBytes(userBroadcast('realtime:binary', 'json', 1, '{"a":[1.50]}'));
    sender.sendBytes(userBroadcast('realtime:binary', 'bad', 1, '{"a":'));
    expect((await sender.event('phx_reply')).ref).toBe('9');
    expect(parseUserBroadcast(await modern.nextBinary())).toEqual({
      kind: 4,
      topic: 'realtime:binary',
      event: 'raw',
      metadata: '',
      encoding: 0,
      payload: '\u0000ÿ',
    });
    expect(parseUserBroadcast(await modern.nextBinary())).toMatchObject({ event: 'json', payload: '{"a":[1.50]}' });
    expect((await old.event('broadcast')).payload).toEqual({ event: 'json', payload: { a: [1.5] }, type: 'broadcast' });
    await modern.nextBinary();
    const ref = old.send('phoenix', 'heartbeat', {});
    await old.next((message) => message.ref === ref);
    expect(old.received.filter((one) => !Buffer.isBuffer(one) && one.event === 'broadcast')).toHaveLength(1);
  });

  test('frames that are none are ignored, and the socket lives on', async () => {
    const client = await realtime.client(2);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from([3]),
      Buffer.from([3, 255, 255, 255, 255, 255, 1]),
      Buffer.from([9]),
    ])
      client.sendBytes(bytes);
    for (const text of ['', '{', '[]', '{}', 'null', '[1,2,3,4,5]']) client.sendText(text);
    client.send('phoenix', 'heartbeat', {});
    expect((await client.event('phx_reply')).payload.status).toBe('ok');
  });
});

describe('handshakes', () => {
  const refusal = async (query: string, headers: Record<string, string> = {}) => {
    const { rawClient } = await import('../testing/raw-client.ts');
    return rawClient(`${realtime.url.replace('http', 'ws')}/socket/websocket?${query}`, 2, headers).then(
      () => 'opened',
      (error: Error) => error.message,
    );
  };

  test('are refused with status and reason', async () => {
    expect(await refusal('vsn=2.0.0')).toBe('401 {"error":"API key is missing"}');
    expect(await refusal('apikey=x')).toBe('401 {"error":"The token provided is not a valid JWT"}');
    expect(await refusal(`apikey=${testToken({ exp: 1 })}`)).toBe('401 {"error":"Token has expired"}');
    expect(await refusal(`apikey=${testToken({ role: undefined })}`)).toBe(
      '401 {"error":"Fields `role` and `exp` are required in JWT"}',
    );
    const [head, body] = testToken().split('.');
    expect(await refusal(`apikey=${head}.${body}.${'A'.repeat(43)}`)).toBe(
      '401 {"error":"Failed to validate JWT signature"}',
    );
    expect(await refusal(`apikey=${testToken()}&vsn=3.0.0`)).toMatch(/^400 /);
  });

  test('that are refused say by which name the log knows them', async () => {
    const headers = { connection: 'upgrade', upgrade: 'websocket' };
    const id = await new Promise((resolve, reject) => {
      get(`${realtime.url}/socket/websocket`, { headers }, (response) => {
        response.resume();
        resolve(response.headers['x-request-id']);
      }).on('error', reject);
    });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('take the key of x-api-key before that of the query', async () => {
    expect(await refusal('apikey=x', { 'x-api-key': testToken() })).toBe('opened');
  });
});

test('who asks is told once the database is listened to', async () => {
  const client = await realtime.client(2);
  await client.join('ready', { broadcast: { replication_ready: true } });
  expect((await client.event('system', 12_000)).payload).toEqual({
    channel: 'ready',
    extension: 'system',
    status: 'ok',
    message: 'Replication connection established',
  });
});
