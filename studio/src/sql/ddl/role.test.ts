import { expect, test } from 'vitest';
import { newRole, type RoleDraft, roleProblem, roleSql } from './role.ts';

const app: RoleDraft = { ...newRole, name: 'app' };

test('a role is made: what goes without saying is not said', () => {
  expect(roleSql(undefined, app)).toBe('create role "app" login;');
  expect(roleSql(undefined, { ...app, login: false })).toBe('create role "app";');
  expect(
    roleSql(undefined, {
      ...app,
      inherit: false,
      limit: 5,
      verifier: 'SCRAM-SHA-256$x',
      validUntil: '2027-01-01',
      memberOf: ['anon'],
    }),
  ).toBe(
    `create role "app" login noinherit connection limit 5 password 'SCRAM-SHA-256$x' valid until '2027-01-01';\ngrant "anon" to "app";`,
  );
});

test('a role is changed: only what changed', () => {
  expect(roleSql(app, { ...app })).toBe('');
  expect(
    roleSql(
      { ...app, memberOf: ['anon'], validUntil: '2027-01-01' },
      { ...app, name: 'a"p', login: false, bypassRls: true, memberOf: ['authenticated'] },
    ),
  ).toBe(
    [
      'alter role "app" rename to "a""p";',
      `alter role "a""p" nologin bypassrls valid until 'infinity';`,
      'grant "authenticated" to "a""p";',
      'revoke "anon" from "a""p";',
    ].join('\n'),
  );
});

test('what cannot be is told', () => {
  for (const part of [{ name: '' }, { name: 'pg_x' }, { limit: Number.NaN }, { limit: -2 }, { memberOf: ['app'] }])
    expect(roleProblem({ ...app, ...part })).toBeDefined();
  expect(roleProblem(app)).toBeUndefined();
});
