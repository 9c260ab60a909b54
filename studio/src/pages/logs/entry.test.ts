import { describe, expect, it } from 'vitest';
import type { LogFilter } from '../../sql/logs.ts';
import { entryOf, isWanted, type LogRow, merged } from './entry.ts';

const row = (source: string, metadata: unknown, message = 'a line\nand another'): LogRow => ({
  id: '01a2179d-688f-7000-a983-cbf456630771',
  timestamp: 1_795_692_521_615_000,
  source,
  event_message: message,
  metadata,
});
const request = {
  request_id: 'r1',
  request: { method: 'GET', path: '/rest/v1/todos' },
  response: { status_code: 404 },
};
const wrapped = [
  {
    request_id: 'r1',
    request: [{ method: 'GET', path: '/rest/v1/todos', headers: [{ a: '1' }] }],
    response: [{ status_code: 404 }],
  },
];

describe('a line', () => {
  it('of the gateway is a request, whether it came by query or live', () => {
    for (const metadata of [request, wrapped])
      expect(entryOf(row('cloudflare.logs.prod', metadata))).toMatchObject({
        service: 'gateway',
        severity: 'warn',
        status: '404',
        title: 'GET /rest/v1/todos',
        requestId: 'r1',
      });
    expect(entryOf(row('cloudflare.logs.prod', wrapped)).metadata).toEqual({
      ...request,
      request: { ...request.request, headers: { a: '1' } },
    });
  });

  it.each([
    ['postgres.logs', { parsed: { error_severity: 'FATAL' } }, 'error', 'a line'],
    ['postgres.logs', { parsed: { error_severity: 'LOG' } }, 'info', 'a line'],
    ['gotrue.logs.prod', { level: 'warning', msg: 'slow', status: 200 }, 'warn', 'slow'],
    [
      'storage.logs.prod.2',
      { reqId: 'r1', req: { method: 'GET', url: '/x' }, res: { statusCode: 500 } },
      'error',
      'GET /x',
    ],
    ['my.app', null, 'info', 'a line'],
    ['my.app', ['a', 'b'], 'info', 'a line'],
  ])('of %s with %j is %s: %s', (source, metadata, severity, title) => {
    expect(entryOf(row(source, metadata))).toMatchObject({ severity, title });
  });
});

describe('lines that come live', () => {
  const all: LogFilter = {
    service: undefined,
    severity: undefined,
    status: undefined,
    path: '',
    search: '',
    request: '',
    dashboard: false,
  };
  const entry = entryOf(row('cloudflare.logs.prod', request, '"GET /rest/v1/todos HTTP/1.1" 404'));

  it.each([
    [{}, true],
    [{ service: 'gateway', severity: 'warn', status: '4xx', path: 'TODOS', search: 'http/1.1', request: 'r1' }, true],
    [{ service: 'auth' }, false],
    [{ severity: 'error' }, false],
    [{ status: '5xx' }, false],
    [{ path: '/auth' }, false],
    [{ search: 'nothing' }, false],
    [{ request: 'r2' }, false],
    [{ dashboard: true }, true],
  ] as const)('are narrowed by %j: %s', (filter, expected) => {
    expect(isWanted(entry, { ...all, ...filter })).toBe(expected);
  });

  it('that the dashboard itself asks for are left out unless wanted', () => {
    for (const path of ['/api/rooms/meta/query', '/api/studio/session', '/assets/page.js']) {
      const own = entryOf(row('cloudflare.logs.prod', { request: { method: 'GET', path } }));
      expect(isWanted(own, all)).toBe(false);
      expect(isWanted(own, { ...all, dashboard: true })).toBe(true);
    }
  });
});

it('what came live and what is kept is one list, each line once, the newest first', () => {
  const at = (id: string, timestamp: number) => ({ ...entryOf(row('my.app', {})), id, timestamp });
  const kept = [at('c', 3), at('a', 1)];
  const ids = (live: Parameters<typeof merged>[0]) => merged(live, kept).map(({ id }) => id);
  expect(ids([])).toEqual(['c', 'a']);
  expect(ids([at('c', 3)])).toEqual(['c', 'a']);
  expect(ids([at('e', 4), at('d', 3), at('c', 3), at('b', 2)])).toEqual(['e', 'd', 'c', 'b', 'a']);
});
