import { expect, test } from 'vitest';
import { countUsers, endSessions, listUsers, wholeUser } from './users.ts';

test('what is searched for is a value, wildcards and quotes among it', () => {
  const sql = listUsers({ search: " 50%_o'k\\ ", state: 'all' }, undefined, 50);
  expect(sql).toContain(String.raw`u.email ilike E'%50\\%\\_o''k\\\\%'`);
  expect(sql).toContain('limit 50');
  expect(sql).not.toContain('<');
});

test('a page goes on behind the last user, one without a date among them', () => {
  const id = '11111111-1111-4111-8111-111111111111';
  expect(listUsers({ search: '', state: 'all' }, { id, createdAt: '2026-01-02T03:04:05.678901+00:00' }, 2)).toContain(
    `< ('2026-01-02T03:04:05.678901+00:00'::timestamptz, '${id}'::uuid)`,
  );
  expect(listUsers({ search: '', state: 'all' }, { id, createdAt: null }, 2)).toContain(`('-infinity'::timestamptz,`);
});

test('states narrow lists and counts alike', () => {
  expect(listUsers({ search: '', state: 'banned' }, undefined, 1)).toContain('u.banned_until > now()');
  expect(countUsers({ search: '', state: 'banned' }, 1_000)).toContain('u.banned_until > now() limit 1000');
});

test('ids are values', () => {
  const odd = `x'; drop table auth.users; --`;
  expect(wholeUser(odd)).toContain(`u.id = 'x''; drop table auth.users; --'::uuid`);
  expect(endSessions(odd, odd)).toBe(
    `delete from auth.sessions where user_id = 'x''; drop table auth.users; --'::uuid and id = 'x''; drop table auth.users; --'::uuid`,
  );
});
