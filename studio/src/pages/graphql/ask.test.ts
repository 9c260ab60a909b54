import { describe, expect, test } from 'vitest';
import { changes, complaintsOf, operationsOf, readHistory, readVariables, remembered, titleOf } from './ask.ts';

const two = 'query Books { a } mutation AddBook { b }';

test('operations are found by name, and what changes something is told from what reads', () => {
  expect(operationsOf(two)).toEqual(['Books', 'AddBook']);
  expect(operationsOf('{ a }')).toEqual(['']);
  expect(operationsOf('{ a')).toEqual([]);
  expect([changes(two, 'Books'), changes(two, 'AddBook'), changes(two, undefined)]).toEqual([false, true, true]);
  expect([changes('{ a }', undefined), changes('mutation', undefined)]).toEqual([false, false]);
});

test('variables are an object or nothing', () => {
  expect(readVariables(' \n')).toEqual({});
  expect(readVariables('{"a": [1]}')).toEqual({ a: [1] });
  for (const text of ['[1]', 'null', '"a"']) expect(() => readVariables(text)).toThrow('Variables are a JSON object');
  expect(() => readVariables('{a: 1}')).toThrow('Variables are no JSON');
});

describe('complaints', () => {
  test.each([
    [{ data: {} }, []],
    [undefined, []],
    [{ errors: 'no' }, []],
    [
      { errors: [{ message: 'Unknown field', locations: [{ line: 2, column: 5 }] }] },
      [{ message: 'Unknown field', place: 'line 2, column 5' }],
    ],
    [{ errors: [{ message: 'null', path: ['books', 0, 'title'] }] }, [{ message: 'null', place: 'books.0.title' }]],
    [
      { errors: ['odd', null] },
      [
        { message: '"odd"', place: undefined },
        { message: 'null', place: undefined },
      ],
    ],
  ])('of %j', (body, complaints) => expect(complaintsOf(body)).toEqual(complaints));
});

test('the history has each question once, and survives what browsers keep', () => {
  const asked = (query: string, at: number) => ({ query, variables: '', headers: '', at, ok: true });
  const history = remembered(remembered(remembered([], asked('{ a }', 1)), asked('{ b }', 2)), asked('{ a }', 3));
  expect(history.map(({ at }) => at)).toEqual([3, 2]);
  expect(remembered(history, asked('x'.repeat(30_000), 4))).toBe(history);
  expect(readHistory(JSON.stringify(history))).toEqual(history);
  for (const text of [null, '', '{}', 'no', '[{"query": 1}]']) expect(readHistory(text)).toEqual([]);
  expect(titleOf({ query: two })).toBe('Books');
  expect(titleOf({ query: '{\n  a\n}' })).toBe('{ a }');
});
