import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identify, type TenantNames } from './identity.ts';
import { parseOptions } from './startup-options.ts';

const known = ['my.tenant', 'tenant', 'second', 'cluster.both'];
const names: TenantNames = {
  own: 'my.tenant',
  has: (name) => known.includes(name),
  ofServerName: (serverName) => (serverName === 'db.second.example' ? 'second' : undefined),
  databaseOf: (name) => (name === 'second' ? 'other' : 'postgres'),
};
const of = (parameters: Record<string, string>, serverName?: string) =>
  identify(new Map(Object.entries(parameters)), names, serverName);

test.each([
  [{ user: 'postgres' }, { role: 'postgres', hasTenant: false }],
  [{ user: 'postgres.my.tenant' }, { role: 'postgres', hasTenant: true }],
  [{ user: 'role.with.dots.my.tenant' }, { role: 'role.with.dots', hasTenant: true }],
  [{ user: 'postgres.cluster.my.tenant' }, { role: 'postgres', hasTenant: true }],
  [
    { user: 'postgres', options: 'reference=my.tenant' },
    { role: 'postgres', hasTenant: true },
  ],
  [
    { user: 'postgres.my.tenant', options: 'reference=my.tenant' },
    { role: 'postgres', hasTenant: true },
  ],
])('%j', (parameters, expected) => {
  expect(of(parameters as Record<string, string>)).toMatchObject(expected);
});

test('what is no identity', () => {
  expect(of({ user: 'postgres.other' })).toBe('unknown-tenant');
  expect(of({ user: 'postgres', options: 'reference=other' })).toBe('unknown-tenant');
  expect(of({})).toBe('bad-format');
  expect(of({ user: 'a'.repeat(64) })).toBe('bad-format');
  expect(of({ user: 'a', database: 'b\n' })).toBe('bad-format');
  expect(of({ user: 'a', options: '-x' })).toBe('bad-options');
});

test('the server name, or its first label, may be the tenant', () => {
  expect(of({ user: 'postgres' }, 'tenant.db.example')).toMatchObject({ tenant: 'tenant', hasTenant: true });
  expect(of({ user: 'postgres' }, 'db.second.example')).toMatchObject({ tenant: 'second', database: 'other' });
  expect(of({ user: 'postgres' }, 'elsewhere.example')).toMatchObject({ tenant: 'my.tenant', hasTenant: false });
  // What the user name says goes first.
  expect(of({ user: 'postgres.second' }, 'tenant.db.example')).toMatchObject({ tenant: 'second' });
});

test('a cluster stands beside the tenants', () => {
  expect(of({ user: 'postgres.cluster.both' })).toMatchObject({ role: 'postgres', tenant: 'cluster.both' });
  expect(of({ user: 'postgres.both' })).toBe('unknown-tenant');
});

test('database, replication, settings', () => {
  expect(of({ user: 'u', database: 'd', replication: 'database', application_name: 'x', options: '-c a.b=1' })).toEqual(
    {
      role: 'u',
      database: 'd',
      tenant: 'my.tenant',
      hasTenant: false,
      replication: true,
      settings: new Map([
        ['a.b', '1'],
        ['application_name', 'x'],
      ]),
    },
  );
  expect(of({ user: 'u', replication: 'off' })).toMatchObject({ database: 'postgres', replication: false });
});

test('options', () => {
  const settings = (text: string) => [...(parseOptions(text)?.settings ?? [['?', '?']])];
  expect(settings(`-c search_path=a,b --statement-timeout=5s  -cjit=off`)).toEqual([
    ['search_path', 'a,b'],
    ['statement_timeout', '5s'],
    ['jit', 'off'],
  ]);
  expect(settings(String.raw`--search_path=a\ b\\c`)).toEqual([['search_path', String.raw`a b\c`]]);
  expect(parseOptions('-c')).toBeUndefined();
  expect(parseOptions('-c =1')).toBeUndefined();
  expect(parseOptions(`-c a'b=1`)).toBeUndefined();
});

test('nothing that a client sends makes it throw', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.string()), (parameters) => void of(parameters)));
  fc.assert(fc.property(fc.string(), (text) => void parseOptions(text)));
});
