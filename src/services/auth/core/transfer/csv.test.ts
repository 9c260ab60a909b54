import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLine, parseCsv } from './csv.ts';

describe('comma-separated values', () => {
  it('are read with quotes, line breaks and empty lines', () => {
    const rows = parseCsv('\uFEFFid,name\r\n1,"a ""b"", c\nd"\r\n\r\n2,\n3,x');
    expect(rows).toEqual([
      { line: 1, fields: ['id', 'name'] },
      { line: 2, fields: ['1', 'a "b", c\nd'] },
      { line: 5, fields: ['2', ''] },
      { line: 6, fields: ['3', 'x'] },
    ]);
  });

  it('come back as they were written', () => {
    const row = fc.array(fc.string(), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        const clean = rows.map((fields) => fields.map((field) => field.replace(/^\uFEFF/, '')));
        expect(parseCsv(clean.map(csvLine).join('')).map(({ fields }) => fields)).toEqual(clean);
      }),
    );
  });

  it.each(['a,"b', 'a,b"c', '"a"b,c'])('that are broken say where: %s', (text) => {
    expect(() => parseCsv(text)).toThrow('line 1');
  });
});
