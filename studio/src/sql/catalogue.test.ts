import { expect, test } from 'vitest';
import { catalogueLists, disableExtensionSql, enableExtensionSql, isOwnSchema } from './catalogue.ts';

test('lists have an address of their own, and every column is asked for', () => {
  expect(new Set(catalogueLists.map(({ key }) => key)).size).toBe(catalogueLists.length);
  for (const { sql, columns, key } of catalogueLists)
    for (const [, member] of columns) expect(sql, key).toMatch(new RegExp(`\\b${member}\\b`));
});

test('schemas of the stack are told from those of the project', () => {
  expect(['public', 'shop', 'my_auth'].every(isOwnSchema)).toBe(true);
  expect(['auth', 'pg_catalog', '_pmoves', 'cron', 'information_schema'].some(isOwnSchema)).toBe(false);
});

test('names of extensions are quoted', () => {
  expect(enableExtensionSql('uuid-ossp')).toBe(
    'create extension if not exists "uuid-ossp" with schema extensions cascade',
  );
  expect(disableExtensionSql('a"b')).toBe('drop extension "a""b"');
});
