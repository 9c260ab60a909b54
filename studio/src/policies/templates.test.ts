import { expect, test } from 'vitest';
import { templatesFor } from './templates.ts';

test('templates name the column that says whose a row is', () => {
  const own = (columns: string[]) => templatesFor(columns).find(({ title }) => title.includes('own rows'))?.draft.using;
  expect(own(['id', 'author_id'])).toBe('(select auth.uid()) = author_id');
  expect(own(['id', 'title'])).toBe('(select auth.uid()) = id');
  expect(own([])).toBe('(select auth.uid()) = user_id');
  const names = templatesFor([]).map(({ draft }) => draft.name);
  expect(new Set(names).size).toBe(names.length);
});
