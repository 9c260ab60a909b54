import { expect, test } from 'vitest';
import { importSql, matchFields, readImport } from './import.ts';
import type { Column } from './table.ts';

const column = (name: string, type: string, more: Partial<Column> = {}): Column => ({
  name,
  type,
  category: 'S',
  nullable: true,
  generated: false,
  default: null,
  labels: null,
  key: null,
  ...more,
});
const columns = [
  column('id', 'bigint', { generated: true }),
  column('First name', 'text'),
  column('tags', 'text[]', { category: 'A' }),
];

test('CSV and JSON are read alike', () => {
  const expected = {
    fields: ['a', 'b'],
    rows: [
      ['1', null],
      ['x', '{"c":[1]}'],
    ],
  };
  expect(readImport('x.csv', 'a,b\n1,\nx,"{""c"":[1]}"\n')).toEqual(expected);
  expect(readImport('x.json', '[{"a":1},{"a":"x","b":{"c":[1]}}]')).toEqual(expected);
  expect(readImport('x.jsonl', '{"a":1}\n{"a":"x","b":{"c":[1]}}\n')).toEqual(expected);
  for (const text of ['[1]', '[null]', '[[]]', '{', '"a"']) expect(() => readImport('x.json', text)).toThrow();
  expect(() => readImport('x.csv', '')).toThrow('empty');
});

test('fields go to the columns of their names', () =>
  expect(matchFields(['first_name', 'TAGS', 'id', 'else'], columns)).toEqual(['First name', 'tags', null, null]));

test('rows are inserted in batches', () => {
  const file = {
    fields: ['n', 't', 'x'],
    rows: [
      ["o'hara", '["a","b"]', '1'],
      [null, '{a}', '2'],
    ],
  };
  expect([...importSql({ schema: 'public', name: 't', columns }, file, ['First name', 'tags', null])]).toEqual([
    {
      sql: `insert into "public"."t" ("First name", "tags") values\n('o''hara'::text, array(select jsonb_array_elements_text('["a","b"]'))::text[]),\n(null, '{a}'::text[])`,
      upTo: 2,
    },
  ]);
  const many = { fields: ['n'], rows: Array.from({ length: 2_500 }, () => ['x']) };
  expect(
    [...importSql({ schema: 'public', name: 't', columns }, many, ['First name'])].map(({ upTo }) => upTo),
  ).toEqual([1_000, 2_000, 2_500]);
});
