import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundsOf, holds, moved, readCells, type Selection, writeCells } from './selection.ts';

const at = (row: number, column: number): Selection => ({ anchor: { row, column }, focus: { row, column } });
const size = { rows: 100, columns: 5 };
const plain = { extend: false, far: false };

describe('keys', () => {
  test.each([
    ['ArrowDown', plain, 1, 0],
    ['ArrowUp', plain, 0, 0],
    ['ArrowRight', { extend: false, far: true }, 0, 4],
    ['ArrowDown', { extend: false, far: true }, 99, 0],
    ['PageDown', plain, 20, 0],
    ['End', plain, 0, 4],
    ['End', { extend: false, far: true }, 99, 4],
  ])('%s %o', (key, how, row, column) => expect(moved(at(0, 0), key, how, size)?.focus).toEqual({ row, column }));

  test('others do not move, and extending keeps where it began', () => {
    expect(moved(at(0, 0), 'x', plain, size)).toBeUndefined();
    const grown = moved(at(3, 3), 'ArrowUp', { extend: true, far: false }, size) as Selection;
    expect(boundsOf(grown)).toEqual({ top: 2, left: 3, bottom: 3, right: 3 });
    expect([holds(grown, 2, 3), holds(grown, 1, 3), holds(undefined, 0, 0)]).toEqual([true, false, false]);
  });
});

describe('the clipboard', () => {
  test('keeps what spreadsheets keep', () => {
    expect(
      writeCells([
        ['a', null],
        ['b\tc', 'say "x"'],
      ]),
    ).toBe('a\t\n"b\tc"\t"say ""x"""');
    expect(readCells('1\t2\r\n3\t4\r\n')).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
    expect(readCells('one')).toEqual([['one']]);
  });

  test('gives back what was put on it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', '\t', '\n', ' ') });
    const table = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 4 }))
      .chain(([rows, columns]) =>
        fc.array(fc.array(text, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
      );
    fc.assert(
      fc.property(table, (cells) => {
        expect(readCells(writeCells(cells))).toEqual(cells);
      }),
    );
  });
});
