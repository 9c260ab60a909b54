import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elements, members, replaceTexts, valueAt, wholeSpan } from './json-text.ts';

/** JSON texts with blanks in odd places, and the value they have. */
const spaced = fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, ' ', '\t', '\n')).map(([value, space]) => {
  const text = JSON.stringify(value, null, space);
  return { value: JSON.parse(text) as unknown, text: space === undefined ? text : ` ${text}\n` };
});

const slice = (text: string, { start, end }: { start: number; end: number }) => text.slice(start, end);

test('the whole value, members and elements are those of JSON.parse', () => {
  fc.assert(
    fc.property(spaced, ({ value, text }) => {
      expect(JSON.parse(slice(text, wholeSpan(text)))).toEqual(value);
      if (Array.isArray(value))
        expect(elements(text, wholeSpan(text)).map((span) => JSON.parse(slice(text, span)) as unknown)).toEqual(value);
      else if (typeof value === 'object' && value !== null)
        expect(members(text, wholeSpan(text)).map((one) => [one.key, JSON.parse(slice(text, one)) as unknown])).toEqual(
          Object.entries(value),
        );
    }),
  );
});

test('replacing nothing changes nothing, and replacing all leaves valid JSON', () => {
  fc.assert(
    fc.property(spaced, ({ text }) => {
      expect(replaceTexts(text, () => undefined)).toBe(text);
      expect(() => JSON.parse(replaceTexts(text, () => '[1,"x"]')) as unknown).not.toThrow();
    }),
  );
});

describe('values', () => {
  const text = '{"a": [ {"b.c": 12345678901234567890}, "x\\"]", null ], "a2": 1.50, "a2": -2e5, "é":{}}';

  test.each([
    [['a', '0', 'b.c'], '12345678901234567890'],
    [['a', '1'], '"x\\"]"'],
    [['a', '2'], 'null'],
    [['a2'], '-2e5'],
    [['é'], '{}'],
    [['a', '3'], undefined],
    [['a', 'length'], undefined],
    [['a', '-1'], undefined],
    [['b'], undefined],
    [['a2', 'x'], undefined],
    [['__proto__'], undefined],
  ])('at %j', (path, expected) => {
    const span = valueAt(text, path);
    expect(span && slice(text, span)).toBe(expected);
  });
});

test('keys are left alone', () => {
  const swap = (value: string) => (value === ':x' ? '99999999999999999999' : undefined);
  expect(replaceTexts('{":x" : ":x", "y":[":x", ":xx", "\\u003ax"]}', swap)).toBe(
    '{":x" : 99999999999999999999, "y":[99999999999999999999, ":xx", 99999999999999999999]}',
  );
});
