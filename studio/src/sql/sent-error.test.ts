import { expect, test } from 'vitest';
import { ApiError } from '../data/client.ts';
import { asWritten, indexOf, placeOf } from './sent-error.ts';

const failed = (position: number) =>
  new ApiError(400, 'no column', {
    formattedError: 'ERROR:  42703: no column\nLINE 2: select x\n               ^\nHINT:  Look.',
    position: String(position),
  });

test('the place is that in the own text', () => {
  const text = 'select 1;\nselect x';
  const sent = { text, from: 10, prefix: 'set role anon;\n' };
  const error = failed(sent.prefix.length + 8);
  expect(placeOf(error, sent)).toBe(17);
  expect((asWritten(error, sent) as ApiError).formatted).toBe(
    'ERROR:  42703: no column\nLINE 2: select x\n               ^\nHINT:  Look.',
  );
  expect(placeOf(failed(3), sent)).toBeUndefined();
  expect(asWritten(failed(3), sent)).toEqual(failed(3));
  expect(asWritten(new Error('x'), sent)).toEqual(new Error('x'));
});

test('characters that take two units count once', () => {
  expect(indexOf("select '😀', x", 13)).toBe(13);
  const sent = { text: "select '😀', x", from: 0, prefix: '' };
  expect((asWritten(failed(13), sent) as ApiError).formatted?.split('\n')[2]).toBe(`${' '.repeat(8 + 12)}^`);
});
