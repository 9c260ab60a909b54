import type { ViewRow } from '../../sql/catalog-rows.ts';
import { forEach, type Work } from './work.ts';

/** Where a view's output column comes from: column number of the view → relation and column number. */
export interface ColumnOrigin {
  readonly number: number;
  readonly relation: string;
  readonly origin: number;
}

/**
 * Reads the output columns of a view's query out of its parse tree (`pg_rewrite.ev_action`). Only columns that are
 * plain references have an origin.
 *
 * The text is `({QUERY :field value … :targetList ({TARGETENTRY …} …) …})`; queries nested in it have lists of their
 * own, hence the counting of brackets.
 */
export function viewOrigins(action: string): readonly ColumnOrigin[] {
  const start = targetListStart(action);
  return start < 0 ? [] : targetEntries(action, start);
}

const open = new Set(['(', '{']);
const close = new Set([')', '}']);

/** Position behind the parenthesis that opens the outer query's target list. */
function targetListStart(text: string): number {
  const field = ':targetList (';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\\') at++;
    else if (open.has(char)) depth++;
    else if (close.has(char)) depth--;
    else if (char === ':' && depth === 2 && text.startsWith(field, at)) return at + field.length;
  }
  return -1;
}

function targetEntries(text: string, start: number): ColumnOrigin[] {
  const origins: ColumnOrigin[] = [];
  let depth = 0;
  let fields: Record<string, string> = {};
  for (let at = start; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\\') at++;
    else if (open.has(char)) {
      if (depth++ === 0) fields = {};
    } else if (close.has(char)) {
      if (depth === 0) break;
      if (--depth === 0) noteOrigin(origins, fields);
    } else if (char === ':' && depth === 1) {
      const field = /:(\w+) (\S*)/y;
      field.lastIndex = at;
      const found = field.exec(text);
      if (found) fields[found[1] as string] = (found[2] as string).replace('}', '');
    }
  }
  return origins;
}

function noteOrigin(origins: ColumnOrigin[], { resno, resorigtbl, resorigcol }: Record<string, string>): void {
  if (resno === undefined || resorigtbl === undefined || resorigtbl === '0') return;
  origins.push({ number: Number(resno), relation: resorigtbl, origin: Number(resorigcol) });
}

/** Columns of views by the base column they show: `relation.number` → view → column numbers of the view. */
export type ShownColumns = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

/** The key of a base column in `ShownColumns`. */
export const columnKey = (relation: string, number: number): string => `${relation}.${number}`;

/**
 * Follows every view down to base tables. Only views among `rows` are followed, so a chain is as good as its weakest
 * link; a view that leads to itself leads nowhere.
 */
export function* shownColumns(rows: readonly ViewRow[]): Work<ShownColumns> {
  const direct = new Map<string, readonly ColumnOrigin[]>();
  yield* forEach(rows, ({ relation, action }) => {
    direct.set(relation, viewOrigins(action));
  });
  const resolved = new Map<string, readonly ColumnOrigin[]>();

  function resolve(view: string): readonly ColumnOrigin[] {
    const known = resolved.get(view);
    if (known) return known;
    resolved.set(view, []);
    const origins = (direct.get(view) ?? []).flatMap((column): readonly ColumnOrigin[] => {
      if (!direct.has(column.relation)) return [column];
      const below = resolve(column.relation).filter(({ number }) => number === column.origin);
      return below.map(({ relation, origin }) => ({ number: column.number, relation, origin }));
    });
    resolved.set(view, origins);
    return origins;
  }

  const shown = new Map<string, Map<string, number[]>>();
  yield* forEach(direct.keys(), (view) => {
    for (const { number, relation, origin } of resolve(view)) {
      const key = columnKey(relation, origin);
      const byView = shown.get(key) ?? new Map<string, number[]>();
      shown.set(key, byView);
      const numbers = byView.get(view);
      if (numbers) numbers.push(number);
      else byView.set(view, [number]);
    }
  });
  return shown;
}
