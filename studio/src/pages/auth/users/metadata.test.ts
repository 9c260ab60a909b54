import { expect, test } from 'vitest';
import { metadataPatch, readObject } from './metadata.ts';

test('only what differs is sent, and what went is null', () => {
  expect(metadataPatch({ a: 1, b: { c: [2] }, gone: true }, { a: 1, b: { c: [3] }, new: null })).toEqual({
    b: { c: [3] },
    new: null,
    gone: null,
  });
  expect(metadataPatch({ a: { b: 1 } }, { a: { b: 1 } })).toBeUndefined();
  expect(metadataPatch(null, {})).toBeUndefined();
});

test('what somebody typed is an object or a sentence about it', () => {
  expect(readObject(' ')).toEqual({});
  expect(readObject('{"a": [1]}')).toEqual({ a: [1] });
  expect(() => readObject('{a: 1}')).toThrow(/This is no JSON/);
  for (const text of ['[]', '"a"', 'null', '1']) expect(() => readObject(text)).toThrow(/has to be an object/);
});
