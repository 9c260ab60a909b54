import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterSql, type VectorFilter } from '../../sql/vectors/filter.ts';
import { parseFilter } from './filter.ts';

const value = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
const key = fc.string().filter((text) => !text.startsWith('$') && text !== '__proto__');
const condition: fc.Arbitrary<unknown> = fc.oneof(
  value,
  fc.record({ $eq: value }),
  fc.record({ $ne: value }),
  fc.record({ $gt: fc.integer(), $lte: fc.integer() }),
  fc.record({ $in: fc.array(value, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $nin: fc.array(value, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $exists: fc.boolean() }),
);
const { filter } = fc.letrec((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    fc.dictionary(key, condition, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    fc.record({ $and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ $or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
  ),
}));

describe('a filter', () => {
  it('is read as it was written', () => {
    expect(parseFilter({ a: 1, b: { $gt: 2, $exists: true } })).toEqual({
      is: 'and',
      of: [
        { is: 'eq', key: 'a', value: 1 },
        { is: 'gt', key: 'b', value: 2 },
        { is: 'exists', key: 'b', value: true },
      ],
    } satisfies VectorFilter);
    expect(parseFilter({ $or: [{ a: 'x' }, { b: { $in: [1, 'y'] } }] })).toEqual({
      is: 'or',
      of: [
        { is: 'eq', key: 'a', value: 'x' },
        { is: 'in', key: 'b', values: [1, 'y'] },
      ],
    } satisfies VectorFilter);
  });

  it('never leaves a text of a stranger in the statement, and binds as many values as it has places', () => {
    fc.assert(
      fc.property(filter, (given) => {
        const values: unknown[] = [];
        const text = filterSql(parseFilter(given), (bound) => `$${values.push(bound)}`);
        const bare = text.replace(
          /\$\d+(::text|::jsonb|::numeric)|metadata|jsonb_typeof|jsonb_array_elements|wanted\.value|exists|select|from|where|wanted|case|when|then|end|number|numeric|and|or|not|as|[\s()'?=<>@:-]/g,
          '',
        );
        expect(bare).toBe('');
        const used = new Set(text.match(/\$\d+/g));
        expect(used.size).toBe(values.length);
      }),
    );
  });

  it('is bounded in its depth and its size', () => {
    let deep: unknown = { a: 1 };
    for (let level = 0; level < 100_000; level += 1) deep = { $and: [deep] };
    expect(() => parseFilter(deep)).toThrow('Filter must not be nested deeper than 32');
    expect(() => parseFilter({ $and: Array.from({ length: 1_001 }, () => ({ a: 1 })) })).toThrow(
      'Filter must not contain more than 1000 conditions',
    );
  });

  it('throws nothing but its own refusal, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), filter), fc.array(fc.string()), (given, hidden) => {
        try {
          parseFilter(given, hidden);
        } catch (error) {
          expect(error).toMatchObject({ code: 'InvalidParameter' });
        }
      }),
    );
  });
});
