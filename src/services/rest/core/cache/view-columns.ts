import { type ColumnOrigin, viewOrigins } from '#kernel/sql';
import type { ViewRow } from '../../sql/catalog-rows.ts';
import { forEach, type Work } from './work.ts';

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
