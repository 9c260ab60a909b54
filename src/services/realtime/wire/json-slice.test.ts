import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementTexts, fieldText } from './json-slice.ts';

/** JSON with white space wherever it may stand, by the digits of a number. */
function spaced(value: unknown, seed: number): string {
  let state = seed;
  const space = (): string => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    return ['', '', ' ', '\n\t', '\r '][state % 5] as string;
  };
  const write = (each: unknown): string => {
    if (Array.isArray(each)) return `[${space()}${each.map((one) => write(one) + space()).join(`,${space()}`)}]`;
    if (typeof each !== 'object' || each === null) return JSON.stringify(each);
    const fields = Object.entries(each).map(
      ([name, one]) => `${JSON.stringify(name)}${space()}:${space()}${write(one)}${space()}`,
    );
    return `{${space()}${fields.join(`,${space()}`)}}`;
  };
  return space() + write(value) + space();
}

const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('every element and field is found, whatever stands around it', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 6 }), fc.nat(), (values, seed) => {
      expect(elementTexts(spaced(values, seed)).map((text) => JSON.parse(text))).toEqual(parsed(values));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.jsonValue()), { maxLength: 6 }), fc.nat(), (entries, seed) => {
      const object = Object.fromEntries(entries);
      const text = spaced(object, seed);
      for (const [name, value] of Object.entries(object))
        expect(JSON.parse(fieldText(text, name) as string)).toEqual(parsed(value));
      expect(fieldText(text, `${Object.keys(object).join()}!`)).toBeUndefined();
    }),
  );
});

test('texts are those that were written', () => {
  expect(elementTexts('[ 9007199254740993 , 1.50,{"a" : [1,"]\\\\\\""]} ]')).toEqual([
    '9007199254740993',
    '1.50',
    '{"a" : [1,"]\\\\\\""]}',
  ]);
  expect(elementTexts('[]')).toEqual([]);
  expect(fieldText('{"a":1,"\\u0061":2e400}', 'a')).toBe('2e400');
});

test('text that is no JSON comes to an end', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', ':', ' ', '1') }), (text) => {
      elementTexts(text);
      try {
        fieldText(text, 'a');
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
  );
});
