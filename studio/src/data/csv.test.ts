import { expect, test } from 'vitest';
import { csvLine } from './csv.ts';

test('quotes what needs it, and tells NULL from an empty text', () =>
  expect(csvLine(['a', null, '', 'b,c', 'say "x"', 'two\nlines'])).toBe(`a,,"","b,c","say ""x""","two\nlines"\r\n`));
