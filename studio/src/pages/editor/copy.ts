import { runSql } from '../../data/sql.ts';
import type { GridCell, GridRange } from '../../grid/grid.tsx';
import { type PageOf, wholeAtOnce, wholeCells } from '../../sql/page.ts';
import { type Column, keyOf } from '../../sql/table.ts';
import { rowId } from './draft.ts';

/** The grid's content as copying needs it. */
export interface Copied {
  readonly page: PageOf;
  readonly cell: (row: number, column: number) => GridCell;
  /** The primary key of the row, where the grid shows only a part of the cell's value. */
  readonly keyOfCut: (row: number, column: number) => readonly string[] | undefined;
}

/** Whether a range has values that the grid shows in part. */
export const hasCut = ({ keyOfCut }: Pick<Copied, 'keyOfCut'>, { top, left, bottom, right }: GridRange): boolean => {
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) if (keyOfCut(row, column) !== undefined) return true;
  return false;
};

/** The cells of a range, each whole: what the grid has only in part is asked for by its row's key. @throws ApiError */
export async function wholeRange(of: Copied, { top, left, bottom, right }: GridRange): Promise<(string | null)[][]> {
  const { page, cell, keyOfCut } = of;
  const keys = new Map<string, readonly string[]>();
  const columns = new Set<number>();
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) {
      const key = keyOfCut(row, column);
      if (key === undefined) continue;
      keys.set(rowId(key), key);
      columns.add(column);
    }
  const places = [...columns];
  const wanted = places.map((column) => page.columns[column] as Column);
  const whole = new Map<string, Readonly<Record<string, unknown>>>();
  const all = [...keys.values()];
  for (let at = 0; at < all.length; at += wholeAtOnce)
    for (const row of await runSql(wholeCells(page, all.slice(at, at + wholeAtOnce), wanted)))
      whole.set(rowId(keyOf(page.columns).map((_, part) => String(row[`k${part}`]))), row);
  const lines: (string | null)[][] = [];
  for (let row = top; row <= bottom; row++) {
    const line: (string | null)[] = [];
    for (let column = left; column <= right; column++) {
      const key = keyOfCut(row, column);
      const found = key && whole.get(rowId(key));
      // Whoever deleted the row meanwhile leaves what is in view.
      line.push(
        found ? ((found[`c${places.indexOf(column)}`] ?? null) as string | null) : (cell(row, column).text ?? null),
      );
    }
    lines.push(line);
  }
  return lines;
}
