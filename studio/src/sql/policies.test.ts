import { expect, test } from 'vitest';
import { createPolicy, type Policy, replacePolicy, setRowSecurity } from './policies.ts';

const policy: Policy = {
  schema: 'public',
  table: 'to"dos',
  name: 'own "rows"',
  command: 'update',
  permissive: true,
  roles: ['authenticated', 'public'],
  using: ' user_id = auth.uid() -- theirs',
  check: '',
};

test('names are quoted, expressions stay as they were written, a comment at their end among them', () => {
  expect(createPolicy('public', 'to"dos', policy)).toBe(`create policy "own ""rows""" on "public"."to""dos"
  as permissive for update to "authenticated", public
  using (user_id = auth.uid() -- theirs
  );`);
});

test('only the expressions a command has are written', () => {
  const both = { ...policy, using: 'a', check: 'b' };
  const written = (command: Policy['command']) => createPolicy('s', 't', { ...both, command });
  expect(written('insert')).not.toContain('using (');
  expect(written('insert')).toContain('with check (b');
  expect(written('select')).not.toContain('with check');
  expect(written('delete')).not.toContain('with check');
  expect(written('all')).toMatch(/using \(a[\s\S]*with check \(b/);
  expect(createPolicy('s', 't', { ...both, roles: [], permissive: false })).toContain(
    'as restrictive for update to public',
  );
});

test('one takes the place of another in one go', () => {
  expect(replacePolicy(policy, { ...policy, name: 'other' })).toMatch(
    /^drop policy "own ""rows""" on "public"\."to""dos";\ncreate policy "other" on/,
  );
  expect(setRowSecurity('s', 't', false)).toBe('alter table "s"."t" disable row level security;');
});
