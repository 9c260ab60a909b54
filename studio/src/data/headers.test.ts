import { expect, test } from 'vitest';
import { readHeaders } from './headers.ts';

test('headers stand one on a line; spaces around them and empty lines do not count', () => {
  expect(readHeaders('')).toEqual({ headers: [] });
  expect(readHeaders('x-one: 1\r\n\n  X-Two :a: b \nempty:')).toEqual({
    headers: [
      ['x-one', '1'],
      ['X-Two', 'a: b'],
      ['empty', ''],
    ],
  });
});

test('what is no header, or would not arrive, is said', () => {
  expect(readHeaders('no colon').problem).toBe('Not a header: no colon');
  expect(readHeaders(': value').problem).toMatch(/^Not a header/);
  expect(readHeaders('a b: c').problem).toMatch(/^Not a header/);
  expect(readHeaders('x-name: snow ☃').problem).toMatch(/characters/);
  expect(readHeaders('Authorization: Bearer x').problem).toMatch(/who asks/);
  for (const name of ['Cookie', 'host', 'Sec-Fetch-Mode', 'X-Studio-As', 'Content-Length'])
    expect(readHeaders(`${name}: 1`).problem).toBe(`${name} cannot be set from here`);
});
