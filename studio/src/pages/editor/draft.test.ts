import { expect, test } from 'vitest';
import { changesOf, cleanDraft, type DraftAction, drafted, rowId, sizeOf } from './draft.ts';

const after = (...actions: readonly DraftAction[]) => actions.reduce(drafted, cleanDraft);
const one = rowId(['1']);

test('edits of a row come together, and new rows are edited where they stand', () => {
  const { draft } = after(
    { kind: 'edit', row: one, values: { title: 'a' } },
    { kind: 'edit', row: one, values: { done: null } },
    { kind: 'insert', values: {} },
    { kind: 'edit', row: 1, values: { title: 'new' } },
  );
  expect(changesOf(draft)).toEqual({
    updates: [{ key: ['1'], values: { title: 'a', done: null } }],
    inserts: [{ title: 'new' }],
    deletes: [],
  });
  expect(sizeOf(draft)).toBe(2);
});

test('what is deleted is not changed besides, and a new row that is deleted never was', () => {
  const { draft } = after(
    { kind: 'edit', row: one, values: { title: 'a' } },
    { kind: 'insert', values: { title: 'b' } },
    { kind: 'delete', rows: [one, 1] },
    { kind: 'delete', rows: [one] },
  );
  expect(changesOf(draft)).toEqual({ updates: [], inserts: [], deletes: [['1']] });
});

test('every action is undone, one at a time', () => {
  const actions: DraftAction[] = [
    { kind: 'edit', row: one, values: { title: 'a' } },
    { kind: 'insert', values: {} },
    { kind: 'delete', rows: [one] },
  ];
  let state = after(...actions);
  for (let left = actions.length - 1; left >= 0; left--) {
    state = drafted(state, { kind: 'undo' });
    expect(state.draft).toEqual(after(...actions.slice(0, left)).draft);
  }
  expect(drafted(state, { kind: 'undo' })).toBe(state);
  expect(after(...actions, { kind: 'discard' }).draft).toEqual(cleanDraft.draft);
});

test('numbers of new rows are not used again after undoing', () => {
  const { draft } = after({ kind: 'insert', values: {} }, { kind: 'undo' }, { kind: 'insert', values: {} });
  expect(draft.inserts.map(({ id }) => id)).toEqual([2]);
});
