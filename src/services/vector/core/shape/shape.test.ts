import { expect, test } from 'vitest';
import type { RequestNews } from '#kernel/log';
import { shapeEntry } from './entries.ts';
import { shapeLine } from './lines.ts';
import { shapeAuthRequest, shapeEdge, shapeStorageRequest } from './requests.ts';
import { createRecordMaker } from './shaper.ts';

const at = Date.UTC(2026, 10, 26, 7, 8, 9, 123);
const request: RequestNews = {
  kind: 'request',
  room: 'gateway',
  at,
  id: 'r-1',
  method: 'GET',
  url: '/rest/v1/todos?select=id',
  host: 'localhost:8000',
  protocol: 'http',
  httpVersion: '1.1',
  status: 200,
  milliseconds: 3.14,
  size: 12,
  ip: '10.0.0.1',
  agent: 'curl/8',
  referer: undefined,
  clientInfo: 'supabase-js/2',
};

test('a request to the edge has the fields that the edge log’s queries read', () => {
  expect(shapeEdge(request)).toEqual({
    source: 'cloudflare.logs.prod',
    at,
    message: '10.0.0.1 - - [26/Nov/2026:07:08:09 +0000] "GET /rest/v1/todos?select=id HTTP/1.1" 200 12 "-" "curl/8"',
    metadata: {
      request_id: 'r-1',
      request: {
        method: 'GET',
        path: '/rest/v1/todos',
        search: '?select=id',
        host: 'localhost:8000',
        protocol: 'HTTP/1.1',
        url: 'http://localhost:8000/rest/v1/todos?select=id',
        headers: {
          user_agent: 'curl/8',
          x_client_info: 'supabase-js/2',
          cf_connecting_ip: '10.0.0.1',
          x_real_ip: '10.0.0.1',
        },
      },
      response: { status_code: 200, origin_time: 3.1, headers: { content_length: 12 } },
    },
  });
});

test('requests to auth and storage have the fields of their own logs', () => {
  const auth = shapeAuthRequest({ ...request, room: 'auth', url: '/token?grant_type=password', status: 400 });
  expect(auth.source).toBe('gotrue.logs.prod');
  expect(auth.metadata).toMatchObject({
    level: 'warning',
    path: '/token',
    status: 400,
    duration: 3_140_000,
    method: 'GET',
  });
  expect(JSON.parse(auth.message)).toMatchObject({ msg: 'request completed', request_id: 'r-1' });
  const storage = shapeStorageRequest({ ...request, room: 'storage', url: '/object/a/b', status: 500 });
  expect(storage).toMatchObject({
    source: 'storage.logs.prod.2',
    metadata: {
      level: 'error',
      project: 'default',
      req: { method: 'GET', url: '/object/a/b' },
      res: { statusCode: 500 },
    },
  });
});

const line = (fields: object) =>
  shapeLine(JSON.stringify({ level: 'warn', time: '2026-11-26T07:08:09.123Z', msg: 'said', ...fields }));

test.each([
  ['auth', 'gotrue.logs.prod', { level: 'warn', msg: 'said', request_id: 'r', error: 'boom' }],
  ['rest', 'postgREST.logs.prod', { host: 'default', level: 'warn' }],
  ['realtime', 'realtime.logs.prod', { project: 'default', external_id: 'default', level: 'warn' }],
  ['storage', 'storage.logs.prod.2', { project: 'default', tenantId: 'default', level: 'warn' }],
  ['pooler', 'pgbouncer.logs.prod', { level: 'warn' }],
  ['meta', 'stack.logs', { room: 'meta', level: 'warn' }],
])('a line of %s goes to %s', (room, source, metadata) => {
  const shaped = line({ room, reqId: 'r', err: { message: 'boom' } });
  expect(shaped).toMatchObject({ source, at, metadata });
});

test('what would tell of itself, or is told by another event, is no event', () => {
  expect(line({ room: 'vector' })).toBeUndefined();
  expect(line({ room: 'analytics' })).toBeUndefined();
  expect(line({ room: 'gateway', method: 'GET', status: 200 })).toBeUndefined();
  expect(line({ room: 'db', postgres: { severity: 'LOG' } })).toBeUndefined();
  expect(line({ room: 'functions', execution: 'e' })).toBeUndefined();
  expect(line({ room: 'functions' })).toBeDefined();
  expect(line({ room: 'gateway' })).toBeDefined();
  expect(shapeLine('no JSON')).toBeUndefined();
  const postgres = (application_name: string) =>
    shapeEntry({ room: 'postgres', at, message: 'x', fields: { error_severity: 'LOG', application_name } });
  expect(postgres('pmoves-analytics')).toBeUndefined();
  expect(postgres('another')).toMatchObject({
    source: 'postgres.logs',
    metadata: { host: 'db-default', parsed: { error_severity: 'LOG', timestamp: '2026-11-26T07:08:09.123Z' } },
  });
});

test('functions: invocations and what happens in a worker are streams of their own', () => {
  const entry = (fields: object) =>
    shapeEntry({
      room: 'functions',
      at,
      message: 'printed',
      fields: { function: 'hello', request_id: 'r', ...fields },
    });
  expect(entry({ kind: 'log', event_type: 'Log', level: 'info', execution_id: 'e', detail: { cpu: 1 } })).toMatchObject(
    {
      source: 'deno-subhosting-events',
      message: 'printed',
      metadata: {
        event_type: 'Log',
        request_id: 'r',
        level: 'info',
        function_id: 'hello',
        execution_id: 'e',
        cpu: 1,
        project_ref: 'default',
      },
    },
  );
  expect(
    entry({ kind: 'invocation', method: 'POST', pathname: '/hello', status_code: 500, execution_time_ms: 4 }),
  ).toMatchObject({
    source: 'deno-relay-logs',
    metadata: { request: { method: 'POST', pathname: '/hello' }, response: { status_code: 500 }, execution_time_ms: 4 },
  });
});

test('a record hides what the redactor knows, in text and metadata', () => {
  const make = createRecordMaker((text) => text.replaceAll('secret', '***'));
  const record = make({ source: 's', at: 1_700_000_000_000.5, message: 'a secret', metadata: { of: 'the secret' } });
  expect(record).toMatchObject({
    source: 's',
    at: 1_700_000_000_000_500,
    message: 'a ***',
    metadata: '{"of":"the ***"}',
  });
});
