import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MapTable } from '../../../sql/schema-map.ts';
import { arrange, type Box, boxesOf, boxId, type Place, rowMiddle, sizes } from './layout.ts';

const column = (name: string) => ({ name, type: 'int', nullable: false, key: name === 'id', unique: false });
const table = (name: string, columns: number, ...leads: readonly string[]): MapTable => ({
  name,
  rls: true,
  comment: null,
  columns: ['id', ...Array.from({ length: columns }, (_, at) => `c${at}`)].map(column),
  references: leads.map((lead) => {
    const [schema, to] = lead.split('.') as [string, string];
    return { name: `fk_${to}`, columns: ['c0'], schema, table: to, targets: ['id'] };
  }),
});
const id = (name: string) => boxId('public', name);

describe('boxes and lines', () => {
  test('a line for each key; tables of other schemas are boxes with what is led to; what is not drawn has no line', () => {
    const { boxes, lines } = boxesOf('public', [table('a', 1, 'public.b', 'auth.users', 'public.gone'), table('b', 0)]);
    expect(boxes.map(({ schema, table: { name }, outside }) => [schema, name, outside])).toEqual([
      ['public', 'a', false],
      ['public', 'b', false],
      ['auth', 'users', true],
    ]);
    expect(boxes[2]?.table.columns.map(({ name }) => name)).toEqual(['id']);
    expect(lines.map(({ from, to, fromColumn, toColumn }) => [from, to, fromColumn, toColumn])).toEqual([
      [id('a'), id('b'), 'c0', 'id'],
      [id('a'), boxId('auth', 'users'), 'c0', 'id'],
    ]);
  });
  test('long tables are cut, and lines of what is cut lead to the last row', () => {
    const [box] = boxesOf('public', [table('long', 100)]).boxes as [Box];
    expect(box.height).toBe(sizes.head + (sizes.mostRows + 1) * sizes.row);
    expect(rowMiddle(box, 'id')).toBe(sizes.head + sizes.row / 2);
    expect(rowMiddle(box, 'c99')).toBe(box.height - sizes.row / 2);
  });
});

describe('places', () => {
  test('what refers stands left of what it refers to; what is alone stands apart', () => {
    const { boxes, lines } = boxesOf('public', [table('b', 1), table('a', 1, 'public.b'), table('c', 3)]);
    const places = arrange(boxes, lines);
    expect(places.get(id('a'))?.x).toBeLessThan(places.get(id('b'))?.x as number);
  });
  test('a table that very many refer to does not make one tall column', () => {
    const many = Array.from({ length: 120 }, (_, at) => table(`t${at}`, 6, 'public.hub'));
    const { boxes, lines } = boxesOf('public', [table('hub', 1), ...many]);
    const places = [...arrange(boxes, lines).values()];
    const [width, height] = [Math.max(...places.map(({ x }) => x)), Math.max(...places.map(({ y }) => y))];
    expect(height).toBeLessThan(2 * width);
  });
  test('every box has a place, and no two lie on each other', () =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ columns: fc.nat(60), leads: fc.array(fc.nat(15), { maxLength: 3 }) }), { maxLength: 16 }),
        (drawn) => {
          const tables = drawn.map(({ columns, leads }, at) =>
            table(`t${at}`, columns, ...new Set(leads.map((lead) => `public.t${lead}`))),
          );
          const { boxes, lines } = boxesOf('public', tables);
          const places = arrange(boxes, lines);
          const all = boxes.map((box) => ({ ...(places.get(box.id) as Place), height: box.height }));
          for (const [at, a] of all.entries())
            for (const b of all.slice(at + 1))
              expect(
                a.x + sizes.width <= b.x ||
                  b.x + sizes.width <= a.x ||
                  a.y + a.height <= b.y + 1 ||
                  b.y + b.height <= a.y + 1,
              ).toBe(true);
        },
      ),
      { numRuns: 40 },
    ));
});
