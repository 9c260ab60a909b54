import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLine, readCsv, separatorOf } from './csv.ts';

test('quotes what needs it, and tells NULL from an empty text', () =>
  expect(csvLine(['a', null, '', 'b,c', 'say "x"', 'two\nlines'])).toBe(`a,,"","b,c","say ""x""","two\nlines"\r\n`));

test('what others write is read', () => {
  expect(readCsv('\ufeffa;b\n1;2\n\n3;')).toEqual([
    ['a', 'b'],
    ['1', '2'],
    ['3', null],
  ]);
  expect(readCsv('a,b\r\n"x ""y"" z",\r\n"open')).toEqual([['a', 'b'], ['x "y" z', null], ['open']]);
  expect(readCsv('')).toEqual([]);
  expect(separatorOf('"a,b,c"\td\n,,,')).toBe('\t');
  expect(readCsv('a\n""\nb')).toEqual([['a'], [''], ['b']]);
});

test('what is written is read again', () => {
  const cell = fc.oneof(fc.constant(null), fc.string(), fc.constantFrom('', '"', ',', '\r\n', ';'));
  // A line of one NULL alone is an empty line, which says nothing.
  const rows = fc
    .integer({ min: 2, max: 4 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width })));
  fc.assert(
    fc.property(rows, (table) => {
      const first = table[0]?.[0];
      if (first?.charCodeAt(0) === 0xfeff) return;
      expect(readCsv(table.map(csvLine).join(''), ',')).toEqual(table);
    }),
  );
});
