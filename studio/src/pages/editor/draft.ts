import type { Changes, Typed } from '../../sql/changes.ts';

/** Changes that are not saved yet. Rows are named by their primary key, as `rowId` writes it. */
export interface Draft {
  readonly edits: Readonly<Record<string, Readonly<Record<string, Typed>>>>;
  /** New rows, the latest last, each with a number of its own. */
  readonly inserts: readonly { readonly id: number; readonly values: Readonly<Record<string, Typed>> }[];
  readonly deletes: readonly string[];
}

/** A draft with what it was before each change. */
export interface Drafting {
  readonly draft: Draft;
  readonly past: readonly Draft[];
  /** Number of the next new row. */
  readonly next: number;
}

/** What can be done to a draft. */
export type DraftAction =
  | { readonly kind: 'edit'; readonly row: string | number; readonly values: Readonly<Record<string, Typed>> }
  | { readonly kind: 'insert'; readonly values: Readonly<Record<string, Typed>> }
  | { readonly kind: 'delete'; readonly rows: readonly (string | number)[] }
  | { readonly kind: 'undo' }
  | { readonly kind: 'discard' };

const empty: Draft = { edits: {}, inserts: [], deletes: [] };

/** Nothing changed. */
export const cleanDraft: Drafting = { draft: empty, past: [], next: 1 };

/** Names a row by its primary key. */
export const rowId = (key: readonly string[]): string => JSON.stringify(key);

/** How many steps back there are at most. */
const steps = 200;

/** The draft after an action. A new row is named by its number, a kept one by its `rowId`. */
export function drafted(state: Drafting, action: DraftAction): Drafting {
  if (action.kind === 'undo') {
    const before = state.past.at(-1);
    return before ? { ...state, draft: before, past: state.past.slice(0, -1) } : state;
  }
  if (action.kind === 'discard') return { ...state, draft: empty, past: [] };
  const { draft } = state;
  const next = action.kind === 'insert' ? state.next + 1 : state.next;
  return { draft: changed(draft, action, state.next), past: [...state.past.slice(1 - steps), draft], next };
}

function changed(draft: Draft, action: Exclude<DraftAction, { kind: 'undo' | 'discard' }>, id: number): Draft {
  if (action.kind === 'insert') return { ...draft, inserts: [...draft.inserts, { id, values: action.values }] };
  if (action.kind === 'delete') {
    const kept = action.rows.filter((row): row is string => typeof row === 'string');
    return {
      edits: Object.fromEntries(Object.entries(draft.edits).filter(([row]) => !kept.includes(row))),
      inserts: draft.inserts.filter((insert) => !action.rows.includes(insert.id)),
      deletes: [...new Set([...draft.deletes, ...kept])],
    };
  }
  const { row, values } = action;
  if (typeof row === 'string')
    return { ...draft, edits: { ...draft.edits, [row]: { ...draft.edits[row], ...values } } };
  const inserts = draft.inserts.map((each) =>
    each.id === row ? { ...each, values: { ...each.values, ...values } } : each,
  );
  return { ...draft, inserts };
}

/** How much there is to save: cells and rows. */
export const sizeOf = ({ edits, inserts, deletes }: Draft): number =>
  Object.keys(edits).length + inserts.length + deletes.length;

/** The draft as changes to the table. */
export const changesOf = ({ edits, inserts, deletes }: Draft): Changes => ({
  updates: Object.entries(edits).map(([row, values]) => ({ key: JSON.parse(row) as string[], values })),
  inserts: inserts.map(({ values }) => values),
  deletes: deletes.map((row) => JSON.parse(row) as string[]),
});
