import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filterSql, type Operator, operators, readView, writeView } from './filter.ts';
import type { Column } from './table.ts';

const column = (name: string, type: string): Column => ({
  name,
  type,
  category: 'S',
  nullable: true,
  generated: false,
  default: null,
  labels: null,
  key: null,
});
const columns = [column('id', 'bigint'), column('To Do', 'text'), column('at', 'timestamp with time zone')];

test('a view survives its address', () =>
  fc.assert(
    fc.property(
      fc.record({
        filters: fc.array(
          fc.record({
            column: fc.string({ minLength: 1 }),
            operator: fc.constantFrom(...(Object.keys(operators) as Operator[])),
            value: fc.string(),
          }),
        ),
        sorts: fc.array(fc.record({ column: fc.string({ minLength: 1 }), descending: fc.boolean() })),
      }),
      (view) => {
        expect(readView(writeView(view))).toEqual(view);
      },
    ),
  ));

test('what an address says beside that is left out', () => {
  const strange = 'filter=a.like.x&filter=.eq.1&filter=a&sort=a.up&sort=a.asc.b&sort=%25.asc&filter=id.eq.1';
  expect(readView(strange)).toEqual({ filters: [{ column: 'id', operator: 'eq', value: '1' }], sorts: [] });
});

describe('conditions', () => {
  test.each([
    [{ column: 'id', operator: 'gte', value: '5' }, `"id" >= '5'::bigint`],
    [{ column: 'To Do', operator: 'eq', value: "it's" }, `"To Do" = 'it''s'::text`],
    [{ column: 'To Do', operator: 'contains', value: '50%' }, `"To Do"::text ilike E'%50\\\\%%'`],
    [{ column: 'id', operator: 'in', value: '1, 2' }, `"id" in ('1'::bigint, '2'::bigint)`],
    [{ column: 'at', operator: 'null', value: '' }, '"at" is null'],
  ] as const)('%o', (filter, sql) => expect(filterSql(filter, columns)).toBe(sql));

  test('on a column that is not there is none', () =>
    expect(filterSql({ column: 'gone', operator: 'eq', value: '1' }, columns)).toBeUndefined());
});
