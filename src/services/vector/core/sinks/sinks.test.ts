import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { LogRecord } from '#kernel/log';
import { createFileSink } from './file.ts';
import { createAnalyticsSink, createHttpSink } from './http.ts';
import { createLokiSink } from './loki.ts';
import { createOtlpSink } from './otlp.ts';
import { parseHeaders, separateCredentials } from './post.ts';

const record = (source: string, metadata: object = {}): LogRecord => ({
  id: '00000000-0000-7000-8000-000000000001',
  source,
  at: 1_700_000_000_000_123,
  message: `of ${source}`,
  metadata: JSON.stringify(metadata),
});
const never = new AbortController().signal;

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

interface Seen {
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: unknown;
}

async function receiver(status = 200): Promise<{ url: string; seen: Seen[]; answer: (next: number) => void }> {
  const seen: Seen[] = [];
  let next = status;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      seen.push({ url: request.url ?? '', headers: request.headers, body: JSON.parse(text) });
      response.writeHead(next).end('said');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => server.close());
  const answer = (status: number) => {
    next = status;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, answer };
}

test('HTTP gets an array, with the headers that were given', async () => {
  const { url, seen } = await receiver();
  const sink = createHttpSink({ url: `${url}/in`, headers: parseHeaders(['X-Key: a: b']), timeout: 5_000 });
  await sink.deliver([record('a', { level: 'info' }), record('b')], never);
  expect(seen[0]).toMatchObject({ url: '/in', headers: { 'x-key': 'a: b', 'content-type': 'application/json' } });
  expect(seen[0]?.body).toEqual([
    {
      id: '00000000-0000-7000-8000-000000000001',
      timestamp: 1_700_000_000_000_123,
      source: 'a',
      event_message: 'of a',
      metadata: { level: 'info' },
    },
    expect.objectContaining({ source: 'b' }),
  ]);
});

test.each([
  [400, true],
  [422, true],
  [413, true],
  [401, false],
  [429, false],
  [500, false],
  [503, false],
])('an answer of %i is final: %s', async (status, isFinal) => {
  const { url } = await receiver(status);
  const sink = createHttpSink({ url, headers: {}, timeout: 5_000 });
  const error = await sink.deliver([record('a')], never).then(
    () => undefined,
    (thrown: { code?: string }) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  expect(error?.code === 'refused').toBe(isFinal);
});

test('another analytics gets each stream by its name', async () => {
  const { url, seen } = await receiver();
  await createAnalyticsSink({ url, headers: {}, timeout: 5_000 }).deliver(
    [record('a b'), record('c'), record('a b')],
    never,
  );
  expect(seen.map((one) => one.url)).toEqual(['/api/logs?source_name=a%20b', '/api/logs?source_name=c']);
  expect(seen[0]?.body).toHaveLength(2);
});

test('Loki gets streams of values in nanoseconds', async () => {
  const { url, seen } = await receiver(204);
  await createLokiSink({ url, headers: {}, timeout: 5_000 }).deliver([record('a', { k: 1 })], never);
  expect(seen[0]?.url).toBe('/loki/api/v1/push');
  const { streams } = (seen[0] as Seen).body as { streams: { stream: object; values: [string, string][] }[] };
  expect(streams).toMatchObject([{ stream: { source: 'a' }, values: [['1700000000000123000', expect.any(String)]] }]);
  expect(JSON.parse(streams[0]?.values[0]?.[1] ?? '')).toMatchObject({ event_message: 'of a', metadata: { k: 1 } });
});

test('OTLP gets log records with severities and nested attributes', async () => {
  const { url, seen } = await receiver();
  const sink = createOtlpSink({ url, headers: {}, timeout: 5_000 });
  const events = [
    record('a', { level: 'warning', n: 1.5, list: [1, 'x'], on: true, none: null }),
    record('a', { response: { status_code: 503 } }),
    record('p', { parsed: { error_severity: 'PANIC' } }),
  ];
  await sink.deliver(events, never);
  expect(seen[0]?.url).toBe('/v1/logs');
  const { resourceLogs } = (seen[0] as Seen).body as {
    resourceLogs: { scopeLogs: { scope: object; logRecords: { severityText: string; attributes: object[] }[] }[] }[];
  };
  const [a, p] = resourceLogs[0]?.scopeLogs ?? [];
  expect(a).toMatchObject({ scope: { name: 'a' }, logRecords: [{ timeUnixNano: '1700000000000123000' }, {}] });
  expect(a?.logRecords.map(({ severityText }) => severityText)).toEqual(['WARN', 'ERROR']);
  expect(p?.logRecords[0]?.severityText).toBe('FATAL');
  expect(a?.logRecords[0]?.attributes).toEqual(
    expect.arrayContaining([
      { key: 'n', value: { doubleValue: 1.5 } },
      { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'x' }] } } },
      { key: 'on', value: { boolValue: true } },
      { key: 'none', value: {} },
    ]),
  );
});

test('credentials of a URL become a header', () => {
  expect(separateCredentials('https://me:p%40ss@logs.example/x')).toEqual({
    url: 'https://logs.example/x',
    headers: { authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` },
  });
  expect(separateCredentials('https://logs.example')).toEqual({ url: 'https://logs.example', headers: {} });
});

test('a file is changed for a new one before it grows too large, and so many are kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'file-sink-'));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'deep', 'out.ndjson');
  const sink = createFileSink({ path, maxSize: 400, keep: 2 });
  for (let index = 0; index < 12; index++) await sink.deliver([record(`s${index}`)], never);
  expect(readdirSync(join(folder, 'deep')).sort()).toEqual(['out.ndjson', 'out.ndjson.1', 'out.ndjson.2']);
  const all = ['.2', '.1', ''].flatMap((suffix) => {
    const text = readFileSync(path + suffix, 'utf8');
    expect(text.length).toBeLessThanOrEqual(400);
    return text.trimEnd().split('\n');
  });
  const sources = all.map((line) => (JSON.parse(line) as { source: string }).source);
  expect(sources).toEqual(Array.from({ length: sources.length }, (_, index) => `s${12 - sources.length + index}`));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
