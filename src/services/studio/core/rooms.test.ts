import { describe, expect, test } from 'vitest';
import { roles } from '../sql/role.ts';
import { offerOf, offers, roomTargets } from './rooms.ts';

/** Who may: none, or the least role. */
const least = (room: string, method: string, path: string): string =>
  roles.find((role) => offerOf(room, method, path, role).kind === 'pass') ?? 'nobody';

describe('who may ask a room what', () => {
  test.each([
    ['meta', 'POST', '/query', 'read-only'],
    ['meta', 'POST', '/query/run', 'read-only'],
    ['meta', 'GET', '/tables', 'read-only'],
    ['meta', 'GET', '/columns/16384.1', 'read-only'],
    ['meta', 'PATCH', '/tables/16384', 'developer'],
    ['auth', 'GET', '/admin/users', 'read-only'],
    ['auth', 'GET', '/admin/users/11111111-1111-1111-1111-111111111111/factors', 'read-only'],
    ['auth', 'DELETE', '/admin/users/11111111-1111-1111-1111-111111111111', 'developer'],
    ['auth', 'POST', '/admin/generate_link', 'developer'],
    ['auth', 'POST', '/invite', 'developer'],
    ['auth', 'POST', '/token', 'nobody'],
    ['auth', 'GET', '/authorize', 'nobody'],
    ['storage', 'GET', '/bucket', 'read-only'],
    ['storage', 'POST', '/object/list/photos', 'read-only'],
    ['storage', 'GET', '/object/authenticated/photos/a.png', 'read-only'],
    ['storage', 'POST', '/object/photos/a.png', 'developer'],
    ['storage', 'DELETE', '/bucket/photos', 'developer'],
    ['storage', 'PATCH', '/upload/resumable/abc', 'developer'],
    ['storage', 'GET', '/s3/photos', 'nobody'],
    ['functions', 'GET', '/default/functions', 'read-only'],
    ['functions', 'GET', '/default/functions/hello/body', 'read-only'],
    ['functions', 'GET', '/default/functions/hello/files/lib/a.ts', 'read-only'],
    ['functions', 'GET', '/default/functions/hello/logs', 'read-only'],
    ['functions', 'PUT', '/default/functions/hello/files/index.ts', 'developer'],
    ['functions', 'GET', '/default/secrets', 'developer'],
    ['functions', 'POST', '/default/functions/deploy', 'developer'],
    ['invoke', 'POST', '/hello', 'developer'],
    ['rest', 'GET', '/', 'read-only'],
    ['rest', 'GET', '/todos', 'read-only'],
    ['rest', 'POST', '/rpc/wipe', 'developer'],
    ['rest', 'GET', '/rpc/wipe', 'developer'],
    ['analytics', 'POST', '/api/endpoints/query/logs.all', 'read-only'],
    ['analytics', 'GET', '/api/logs/tail', 'read-only'],
    ['analytics', 'POST', '/api/logs', 'nobody'],
    ['inbox', 'GET', '/messages.json', 'read-only'],
    ['inbox', 'DELETE', '/messages.json', 'nobody'],
    ['realtime', 'GET', '/websocket', 'developer'],
    ['pooler', 'GET', '/', 'nobody'],
    ['constructor', 'GET', '/', 'nobody'],
    ['meta', 'TRACE', '/tables', 'nobody'],
  ])('%s %s %s: %s', (room, method, path, expected) => expect(least(room, method, path)).toBe(expected));

  test('a path that can be read in two ways goes nowhere', () => {
    for (const path of [
      '/object/a/../../bucket',
      '/object/a/%2e%2E/b',
      '/object/a/.%2e/b',
      '/object/a\\b',
      '/object/a%5cb',
      '/object/a%00',
    ])
      expect(offerOf('storage', 'GET', path, 'owner')).toEqual({ kind: 'refuse', error: 'path_not_offered' });
    expect(offerOf('storage', 'POST', '/object/photos/.hidden/..a', 'owner').kind).toBe('pass');
  });
});

test('every offer is for a room there is, and nothing that only looks changes anything by its method', () => {
  for (const { room } of offers) expect(roomTargets).toHaveProperty(room);
  const changing = offers.filter(
    ({ reads, methods }) => reads && methods.some((method) => /PUT|PATCH|DELETE/.test(method)),
  );
  expect(changing).toEqual([]);
});
