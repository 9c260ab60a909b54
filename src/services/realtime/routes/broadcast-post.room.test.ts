import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RealtimeUnderTest, startRealtime, testToken } from '../testing/realtime-under-test.ts';

let realtime: RealtimeUnderTest;
beforeAll(async () => {
  realtime = await startRealtime();
  await realtime.db.query(`
    set role postgres;
    create policy read on realtime.messages for select to authenticated using (true);
    create policy write on realtime.messages for insert to authenticated with check (
      case realtime.topic() when 'raises' then 1 / (length(realtime.topic()) - 6) = 1 else realtime.topic() = 'open' end);
    reset role;`);
});
afterAll(() => realtime.stop());

const user = () => testToken({ role: 'authenticated' });

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  const answer = await fetch(`${realtime.url}/api/broadcast${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `bearer ${user()}`, ...headers },
    body: raw ? (body as string) : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? '' : (JSON.parse(text) as unknown), headers: answer.headers };
}

describe('a batch', () => {
  test('reaches its rooms', async () => {
    const clients = [await realtime.client(1), await realtime.client(2)];
    for (const client of clients) await client.join('news');
    const answer = await post('', { messages: [{ topic: 'news', event: 'e', payload: { a: 1 } }] });
    expect(answer).toMatchObject({ status: 202, body: '' });
    expect(answer.headers.get('x-rate-limit')).toBe('0');
    for (const client of clients)
      expect((await client.event('broadcast')).payload).toEqual({ payload: { a: 1 }, event: 'e', type: 'broadcast' });
  });

  test('keeps every digit of its payloads', async () => {
    const client = await realtime.client();
    await client.join('digits');
    const frames: string[] = [];
    client.socket.on('message', (data: Buffer) => frames.push(data.toString()));
    const message = '{"topic":"digits","event":"e","payload":{"n": 9007199254740993, "m":1.50}}';
    await post('', `{"messages":[${message}]}`);
    await client.event('broadcast');
    expect(frames.join()).toContain('"payload":{"n": 9007199254740993, "m":1.50}');
  });

  test('needs a token, in either header', async () => {
    const body = { messages: [{ topic: 'x', event: 'e', payload: {} }] };
    for (const headers of [{ authorization: '' }, { authorization: 'Bearer x' }, { authorization: '', apikey: 'x' }])
      expect(await post('', body, headers as Record<string, string>)).toMatchObject({
        status: 401,
        body: { message: 'Unauthorized' },
      });
    expect(await post('', body, { authorization: '', apikey: user() })).toMatchObject({ status: 202 });
  });

  test('is all or nothing', async () => {
    const good = { topic: 't', event: 'e', payload: {} };
    expect(await post('', { messages: [good, { topic: '', payload: [] }] })).toMatchObject({
      status: 422,
      body: {
        errors: { messages: [{}, { topic: ["can't be blank"], event: ["can't be blank"], payload: ['is invalid'] }] },
      },
    });
    expect((await post('', { messages: [] })).status).toBe(422);
    expect((await post('', {})).status).toBe(422);
    expect((await post('', '{')).status).toBe(400);
    const large = { ...good, payload: { text: 'x'.repeat(3_100_000) } };
    expect(await post('', { messages: [large] })).toMatchObject({
      status: 422,
      body: { errors: { messages: [{ payload: ['Payload size exceeds tenant limit'] }] } },
    });
  });

  test('drops private messages that may not be written, without a word', async () => {
    const client = await realtime.client(2, user());
    for (const name of ['open', 'shut', 'raises']) await client.join(name, { private: true });
    const message = (topic: string) => ({ topic, event: 'e', payload: {}, private: true });
    // A policy that raises something is a no.
    const messages = ['raises', 'shut', 'open'].map(message);
    expect((await post('', { messages })).status).toBe(202);
    expect((await client.event('broadcast')).topic).toBe('realtime:open');
  });
});

describe('a single message', () => {
  test('of JSON or bytes arrives as kind 4, or as text', async () => {
    const [modern, old] = [await realtime.client(2), await realtime.client(1)];
    for (const client of [modern, old]) await client.join('a/b ü');
    const path = `/${encodeURIComponent('a/b ü')}/events/${encodeURIComponent('e:1')}`;
    expect(await post(path, '[1.50]')).toMatchObject({ status: 202, body: '' });
    expect((await modern.nextBinary()).toString()).toContain('e:1[1.50]');
    expect((await old.event('broadcast')).payload).toEqual({ event: 'e:1', payload: [1.5], type: 'broadcast' });
    const bytes = Buffer.from([0, 255]);
    expect((await post(path, bytes as never, { 'content-type': 'application/octet-stream' })).status).toBe(202);
    expect((await modern.nextBinary()).subarray(-2)).toEqual(bytes);
  });

  test('is refused where it may not be written, or is no message', async () => {
    for (const topic of ['shut', 'raises'])
      expect(await post(`/${topic}/events/e?private=true`, {})).toMatchObject({
        status: 403,
        body: { message: 'Unauthorized' },
      });
    expect((await post('/open/events/e?private=true', {})).status).toBe(202);
    expect(await post('/open/events/e', 'x', { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      body: { error: 'Unsupported Media Type. Use application/json or application/octet-stream' },
    });
    expect((await post('/open/events/e', '{')).status).toBe(400);
  });
});

test('the health routes answer as in the original, and nothing else does', async () => {
  const get = async (path: string) => {
    const answer = await fetch(`${realtime.url}${path}`);
    return [answer.status, await answer.text()];
  };
  expect(await get('/healthcheck')).toEqual([200, 'ok']);
  expect(await get('/api/ping')).toEqual([200, '{"message":"Success"}']);
  const [status, page] = await get('/swaggerui');
  expect([status, page]).toEqual([200, expect.stringContaining('<code>/api/broadcast/{topic}/events/{event}</code>')]);
  expect(JSON.parse(String((await get('/api/openapi'))[1]))).toMatchObject({ info: { title: 'Realtime' } });
  expect(await get('/nowhere')).toEqual([404, '{"error":"not found"}']);
});
