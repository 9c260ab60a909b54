import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMatcher, normalisePath } from './match.ts';
import { routes, routesWithGuardedRoot } from './route-table.ts';

const match = createMatcher(routes);

describe('createMatcher', () => {
  it.each([
    ['/rest/v1/todos', 'rest', '/todos'],
    ['/rest/v1/', 'rest', '/'],
    ['/rest/v1', 'rest', '/'],
    ['/rest/v1/rpc/f', 'rest', '/rpc/f'],
    ['/graphql/v1', 'rest', '/rpc/graphql'],
    ['/auth/v1/token', 'auth', '/token'],
    ['/auth/v1', 'auth', '/'],
    ['/auth/v1/verify', 'auth', '/verify'],
    ['/auth/v1/callback', 'auth', '/callback'],
    ['/auth/v1/.well-known/jwks.json', 'auth', '/.well-known/jwks.json'],
    ['/sso/saml/acs', 'auth', '/sso/saml/acs'],
    ['/realtime/v1/websocket', 'realtime', '/socket/websocket'],
    ['/realtime/v1/api/broadcast', 'realtime', '/api/broadcast'],
    ['/storage/v1/object/a/b', 'storage', '/object/a/b'],
    ['/functions/v1/hello', 'functions', '/hello'],
    ['/pg/tables', 'meta', '/tables'],
    ['/inbox', 'inbox', '/inbox'],
    ['/', 'studio', '/'],
    ['/project/default', 'studio', '/project/default'],
    ['/rest/v10/todos', 'studio', '/rest/v10/todos'],
    ['/mcpx', 'studio', '/mcpx'],
  ])('%s goes to %s as %s', (path, mount, target) => {
    const found = match(path);
    expect(found?.route.mount).toBe(mount);
    expect(found?.path).toBe(target);
  });

  it.each([
    '/mcp',
    '/mcp/x',
    '/api/mcp',
    '/realtime/v1/api/tenants',
    '/realtime/v1/api/tenants/a',
    '/analytics/v1/admin',
  ])('%s is blocked', (path) => expect(match(path)?.route.access).toBe('blocked'));

  it('lets only the tables below a guarded root through with any key', () => {
    const guarded = createMatcher(routesWithGuardedRoot);
    expect(guarded('/rest/v1/')?.route.access).toBe('service-key');
    expect(guarded('/rest/v1')?.route.access).toBe('service-key');
    expect(guarded('/rest/v1/todos')?.route.access).toBe('any-key');
  });
});

describe('normalisePath', () => {
  it.each([
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/auth/v1/verify/../admin/users', '/auth/v1/admin/users'],
    ['/auth/v1/verify/%2e%2E/admin', '/auth/v1/admin'],
    ['/auth/v1/verify/.%2e/admin', '/auth/v1/admin'],
    ['//rest/v1/todos', '/rest/v1/todos'],
    ['/a/b/..', '/a/'],
    ['/a//b', '/a//b'],
    ['/a/...', '/a/...'],
    ['/%6dcp', '/mcp'],
    ['/realtime/v1/api/%74enants', '/realtime/v1/api/tenants'],
    ['/rest/v1/a%2Fb%20c%c3%a9', '/rest/v1/a%2Fb%20c%c3%a9'],
    ['/%252e%252e/a', '/%252e%252e/a'],
    ['/.well-known/x', '/.well-known/x'],
  ])('%s becomes %s', (path, expected) => expect(normalisePath(path)).toBe(expected));

  it.each(['/..', '/a/../../b', '/a\\b', '/a%00b'])('%s is refused', (path) =>
    expect(normalisePath(path)).toBeUndefined(),
  );

  it('leaves no dot segment in any spelling', () => {
    const segment = fc.constantFrom('a', 'b.c', '.', '..', '%2e', '%2E%2e', '.%2e', '', '...');
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
        const result = normalisePath(`/${segments.join('/')}`);
        const left = (result ?? '').split('/').map((part) => part.replace(/%2e/gi, '.'));
        expect(left.some((part) => part === '.' || part === '..')).toBe(false);
        if (result !== undefined) expect(normalisePath(result)).toBe(result);
      }),
    );
  });
});
