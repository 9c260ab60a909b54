import { expect, test } from 'vitest';
import { changesBetween, readChanges, withChanges } from './settings-changes.ts';

const known = new Set(['A', 'B', 'SECRET']);

test('changes are texts or null, of settings there are', () => {
  expect([...readChanges({ A: 'x', B: null }, known)]).toEqual([
    ['A', 'x'],
    ['B', null],
  ]);
  expect(() => readChanges({ constructor: 'x' }, known)).toThrow('There is no setting constructor to change');
  for (const given of [null, [], 'A', {}, { A: 1 }, { A: 'a\0b' }, { A: 'x'.repeat(200_001) }])
    expect(() => readChanges(given, known), JSON.stringify(given)?.slice(0, 20)).toThrow(
      'The request is not understood',
    );
});

test('an empty text, like null, leaves a setting to what counts without it', () => {
  const present = new Map([
    ['A', '1'],
    ['B', '2'],
  ]);
  expect([
    ...withChanges(
      present,
      new Map([
        ['A', ''],
        ['B', null],
        ['SECRET', 's'],
      ]),
    ),
  ]).toEqual([['SECRET', 's']]);
  expect(present.size).toBe(2);
});

test('of a secret only that it has changed is told', () => {
  const before = new Map([
    ['A', '1'],
    ['SECRET', 'old'],
  ]);
  const after = new Map([
    ['SECRET', 'new'],
    ['B', '2'],
  ]);
  expect(changesBetween(before, after, new Set(['SECRET']))).toEqual([
    { name: 'A', secret: false, before: '1', after: null },
    { name: 'B', secret: false, before: null, after: '2' },
    { name: 'SECRET', secret: true, before: '', after: '' },
  ]);
  expect(changesBetween(before, before, new Set())).toEqual([]);
});
