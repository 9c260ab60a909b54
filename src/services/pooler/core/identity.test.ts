import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identify } from './identity.ts';
import { parseOptions } from './startup-options.ts';

const of = (parameters: Record<string, string>, serverName?: string) =>
  identify(new Map(Object.entries(parameters)), 'my.tenant', 'postgres', serverName);

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

test('the first label of the server name may be the tenant', () => {
  const named = identify(new Map([['user', 'postgres']]), 'tenant', 'postgres', 'tenant.db.example');
  expect(named).toMatchObject({ role: 'postgres', hasTenant: true });
});

test('database, replication, settings', () => {
  expect(of({ user: 'u', database: 'd', replication: 'database', application_name: 'x', options: '-c a.b=1' })).toEqual(
    {
      role: 'u',
      database: 'd',
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
