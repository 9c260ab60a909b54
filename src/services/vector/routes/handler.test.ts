import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger, type LogRecord } from '#kernel/log';
import { createRecordMaker } from '../core/shape/shaper.ts';
import { readEvents } from '../core/take-in.ts';
import { vectorError } from '../errors.ts';
import { createHandler } from './handler.ts';

const taken: LogRecord[] = [];
const state = { running: true, full: false };
const make = createRecordMaker(undefined);
const now = 1_700_000_000_000;
const handle = createHandler({
  log: createLogger({ level: 'silent', redact: (text) => text }),
  isRunning: () => state.running,
  source: {
    key: 'the-key',
    bodyLimit: 5_000,
    read: (text) => readEvents(text, make, now),
    async take(records) {
      if (state.full) throw vectorError('overloaded', { headers: { 'retry-after': '5' } });
      taken.push(...records);
    },
  },
});
const server = createServer(handle);
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function ask(method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, {
    method,
    headers: { 'x-api-key': 'the-key', ...headers },
    ...(body !== undefined && { body: new Uint8Array(Buffer.from(body)) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
}

test('health is the original’s', async () => {
  expect(await ask('GET', '/health')).toMatchObject({ status: 200, body: { ok: true } });
  expect(await ask('HEAD', '/health')).toMatchObject({ status: 200 });
  expect(await ask('POST', '/health')).toMatchObject({ status: 405 });
  state.running = false;
  expect(await ask('GET', '/health')).toMatchObject({ status: 503 });
  state.running = true;
  expect(await ask('GET', '/other')).toMatchObject({ status: 404, body: { error: 'Not Found' } });
});

test.each([
  ['one object', '{"message":"m","timestamp":1700000000,"a":1}'],
  ['an array', '[{"event_message":"m","timestamp":"2023-11-14T22:13:20Z","metadata":{"a":1}}]'],
  ['lines', '{"message":"m","timestamp":1700000000000,"a":1}\n\n{"message":"m","timestamp":1700000000000000,"a":1}\n'],
])('%s is taken', async (_what, body) => {
  taken.length = 0;
  const answer = await ask('POST', '/events', body);
  expect(answer).toMatchObject({ status: 200, body: { message: 'Logged!', events: taken.length } });
  for (const record of taken)
    expect(record).toMatchObject({
      source: 'stack.logs',
      at: 1_700_000_000_000_000,
      message: 'm',
      metadata: '{"a":1}',
    });
  expect(taken.length).toBeGreaterThan(0);
});

test('gzip is unpacked within the bound', async () => {
  expect(await ask('POST', '/events', gzipSync('{"message":"z"}'), { 'content-encoding': 'gzip' })).toMatchObject({
    status: 200,
  });
  const bomb = gzipSync(`{"message":"${'z'.repeat(50_000)}"}`);
  expect(await ask('POST', '/events', bomb, { 'content-encoding': 'gzip' })).toMatchObject({ status: 413 });
  expect(await ask('POST', '/events', 'no gzip', { 'content-encoding': 'gzip' })).toMatchObject({ status: 400 });
  expect(await ask('POST', '/events', '{}', { 'content-encoding': 'br' })).toMatchObject({ status: 415 });
});

test('what cannot be taken is refused by its reason', async () => {
  expect(await ask('POST', '/events', '{}', { 'x-api-key': 'wrong' })).toMatchObject({ status: 401 });
  expect(await ask('POST', '/events', 'x'.repeat(6_000))).toMatchObject({ status: 413 });
  expect(await ask('GET', '/events')).toMatchObject({ status: 405 });
  state.full = true;
  const full = await ask('POST', '/events', '{}');
  expect(full.status).toBe(503);
  expect(full.headers.get('retry-after')).toBe('5');
  state.full = false;
  expect(await ask('POST', '/events', '{}', { 'x-api-key': '', authorization: 'Bearer the-key' })).toMatchObject({
    status: 200,
  });
});

test('any body is events or refused as bad', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        fc.array(fc.jsonValue()).map((list) => list.map((one) => JSON.stringify(one)).join('\n')),
      ),
      (text) => {
        try {
          for (const record of readEvents(text, make, now)) {
            expect(Number.isSafeInteger(record.at)).toBe(true);
            expect(JSON.parse(record.metadata)).toBeTypeOf('object');
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_body' });
        }
      },
    ),
  );
});
