import { expect, test } from 'vitest';
import { changesSql } from './changes.ts';
import type { Column } from './table.ts';

const column = (name: string, type: string, key: number | null = null): Column => ({
  name,
  type,
  key,
  category: 'S',
  nullable: true,
  generated: false,
  default: null,
  labels: null,
});
const target = {
  schema: 'public',
  name: 'todos',
  columns: [column('id', 'bigint', 1), column('title', 'text'), column('meta', 'jsonb')],
};

test('changes, new rows and deletions are one statement, each of which has to meet its row', () => {
  const sql = changesSql(target, {
    updates: [{ key: ['1'], values: { title: "it's", meta: null } }],
    inserts: [{ title: 'new', id: undefined }, {}],
    deletes: [['2']],
  });
  expect(sql).toContain(`update "public"."todos" set "title" = 'it''s'::text, "meta" = null where "id" = '1'::bigint;`);
  expect(sql).toContain(`insert into "public"."todos" ("title") values ('new'::text);`);
  expect(sql).toContain('insert into "public"."todos" default values;');
  expect(sql).toContain(`delete from "public"."todos" where "id" = '2'::bigint;`);
  expect(sql.match(/if n <> 1/g)).toHaveLength(2);
});

test('no value ends the statement early', () => {
  const sql = changesSql(target, {
    updates: [{ key: ['1'], values: { title: '$studio$; drop table x; $studio1$' } }],
    inserts: [],
    deletes: [],
  });
  expect(sql.startsWith('do $studio2$')).toBe(true);
  expect(sql.split('$studio2$')).toHaveLength(3);
});

test('without a primary key nothing is changed', () => {
  const plain = { ...target, columns: [column('title', 'text')] };
  expect(() => changesSql(plain, { updates: [], inserts: [], deletes: [[]] })).toThrow(/primary key/);
});
