import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dropTypeSql, type EnumDraft, enumProblem, enumSql } from './enum.ts';

const mood: EnumDraft = {
  schema: 'public',
  name: 'mood',
  comment: '',
  values: [
    { was: 'sad', label: 'sad' },
    { was: 'ok', label: 'ok' },
  ],
};
const [sad, ok] = mood.values as [EnumDraft['values'][0], EnumDraft['values'][0]];

test('an enum is made', () =>
  expect(enumSql(undefined, { ...mood, values: [{ was: undefined, label: "it's" }], comment: 'c' })).toBe(
    `create type "public"."mood" as enum ('it''s');\ncomment on type "public"."mood" is 'c';`,
  ));

describe('an enum is changed', () => {
  const becomes = (part: Partial<EnumDraft>) => enumSql(mood, { ...mood, ...part }).split('\n');
  test('nothing where nothing changed', () => expect(becomes({})).toEqual(['']));
  test('values come where they are put', () => {
    const [first, second] = [
      { was: undefined, label: 'awful' },
      { was: undefined, label: 'glad' },
    ];
    expect(becomes({ values: [first, sad, ok, second] })).toEqual([
      `alter type "public"."mood" add value 'awful' before 'sad';`,
      `alter type "public"."mood" add value 'glad' after 'ok';`,
    ]);
  });
  test('names are exchanged by way of others', () =>
    expect(
      becomes({
        values: [
          { ...sad, label: 'ok' },
          { ...ok, label: 'sad' },
        ],
      }),
    ).toHaveLength(4));
  test('replayed, the statements make what was wanted', () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom('sad', 'ok', 'a', 'b', 'c', 'd', 'e'), { minLength: 2, maxLength: 6 }),
        fc.nat(4),
        (labels, split) => {
          // The first value stands before some new ones, the second behind some.
          const [firstAt, secondAt] = [Math.min(split, labels.length - 2), labels.length - 1];
          const values = labels.map((label, at) => ({
            was: at === firstAt ? 'sad' : at === secondAt ? 'ok' : undefined,
            label,
          }));
          let now = ['sad', 'ok'];
          for (const line of enumSql(mood, { ...mood, values }).split('\n')) {
            const [, value = '', place, other = ''] = /add value '(\w+)'(?: (after|before) '(\w+)')?/.exec(line) ?? [];
            const [, from, to = ''] = /rename value '(\w+)' to '(\w+)'/.exec(line) ?? [];
            if (from !== undefined) now = now.map((each) => (each === from ? to : each));
            else if (value !== '') {
              const at = now.indexOf(other);
              expect(at).toBeGreaterThanOrEqual(0);
              now = now.toSpliced(place === 'after' ? at + 1 : at, 0, value);
            }
            expect(new Set(now).size).toBe(now.length);
          }
          expect(now).toEqual(labels);
        },
      ),
    ));
});

test('what cannot be is told', () => {
  expect(enumProblem({ ...mood, values: [sad, sad] })).toBeDefined();
  expect(enumProblem({ ...mood, values: [{ was: undefined, label: 'ä'.repeat(32) }] })).toBeDefined();
  expect(enumProblem(mood)).toBeUndefined();
  expect(dropTypeSql('a"b', 'c', true)).toBe('drop type "a""b"."c" cascade;');
});
