import { expect, test } from 'vitest';
import { keep, readKept } from './kept.ts';

test('places are read again; what is none counts for nothing', () => {
  expect(readKept('{"a":{"x":1,"y":2},"b":{"x":"1"},"c":null,"d":7}')).toEqual({ a: { x: 1, y: 2 } });
  for (const text of [null, '', '{', '7', 'null', '[]']) expect(readKept(text)).toEqual({});
});

test('a drag is kept in whole pixels, and of what is gone nothing', () =>
  expect(keep({ a: { x: 1, y: 1 }, gone: { x: 0, y: 0 } }, 'b', { x: 1.6, y: 2.2 }, new Set(['a', 'b']))).toEqual({
    a: { x: 1, y: 1 },
    b: { x: 2, y: 2 },
  }));
