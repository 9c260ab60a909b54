import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { csvLine } from '../../data/csv.ts';
import { runSql } from '../../data/sql.ts';
import { type Cursor, countRows, type GridRow, nextCursor, type PageOf, readRow, selectPage } from '../../sql/page.ts';
import { type Column, listColumns, listRelations, type Relation } from '../../sql/table.ts';

/** Everything there is to look at. */
export const useRelations = () =>
  useQuery({ queryKey: ['relations'], queryFn: ({ signal }) => runSql<Relation>(listRelations, signal) });

/** Columns of one. */
export const useColumns = (schema: string, name: string, enabled: boolean) =>
  useQuery({
    queryKey: ['columns', schema, name],
    queryFn: ({ signal }) => runSql<Column>(listColumns(schema, name), signal),
    enabled,
  });

const pageSize = 200;
/** Counting stops here; beyond, the database's own estimate is good enough. */
export const countBound = 50_000;

/** Rows of a table, a page at a time. */
export const useRows = (page: PageOf) =>
  useInfiniteQuery({
    queryKey: ['rows', page.schema, page.name, page.view, page.columns],
    queryFn: async ({ pageParam, signal }) => {
      const rows = await runSql(selectPage(page, pageParam?.cursor, pageSize), signal);
      return rows.map((row) => readRow(row, page));
    },
    initialPageParam: undefined as { readonly cursor: Cursor } | undefined,
    getNextPageParam: (last: readonly GridRow[], pages) =>
      last.length < pageSize ? undefined : { cursor: nextCursor(page, last, pages.length * pageSize) },
    placeholderData: keepPreviousData,
  });

/** How many rows there are, up to `countBound`. */
export const useCount = (page: PageOf) =>
  useQuery({
    queryKey: ['count', page.schema, page.name, page.view],
    queryFn: async ({ signal }) =>
      (await runSql<{ count: number }>(countRows(page, countBound), signal))[0]?.count ?? 0,
  });

/** What rows can be written as. */
export type ExportFormat = 'csv' | 'json';

/** All rows of a view in order, whole. @param onProgress is told how many there are so far */
export async function exportRows(
  page: PageOf,
  format: ExportFormat,
  onProgress: (rows: number) => void,
): Promise<Blob> {
  const names = page.columns.map(({ name }) => name);
  const write =
    format === 'csv'
      ? ({ cells }: GridRow) => csvLine(cells)
      : ({ cells }: GridRow) =>
          `${JSON.stringify(Object.fromEntries(cells.map((cell, at) => [names[at], asJson(page, at, cell)])))}`;
  const parts: string[] = [format === 'csv' ? csvLine(names) : '['];
  const size = 5_000;
  let cursor: Cursor | undefined;
  for (let seen = 0; ; ) {
    const rows = (await runSql(selectPage(page, cursor, size, false))).map((row) => readRow(row, page));
    const lines = rows.map(write);
    if (format === 'csv') parts.push(lines.join(''));
    else if (lines.length > 0) parts.push(`${seen > 0 ? ',' : ''}\n${lines.join(',\n')}`);
    seen += rows.length;
    onProgress(seen);
    if (rows.length < size) {
      if (format === 'json') parts.push('\n]\n');
      return new Blob(parts, { type: format === 'csv' ? 'text/csv' : 'application/json' });
    }
    cursor = nextCursor(page, rows, seen);
  }
}

// Numbers that JavaScript cannot hold, and whatever JSON has no form for, stay text.
function asJson({ columns }: PageOf, at: number, cell: string | null): unknown {
  const { type = '', category = '' } = columns[at] ?? {};
  if (cell === null) return null;
  if (type === 'json' || type === 'jsonb') return JSON.parse(cell);
  if (category === 'B') return cell === 'true';
  if (category === 'N' && String(Number(cell)) === cell) return Number(cell);
  return cell;
}
