import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
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

/** All rows of a view in order, as CSV. @param onProgress is told how many there are so far */
export async function exportRows(
  page: PageOf,
  line: (cells: readonly (string | null)[]) => string,
  onProgress: (rows: number) => void,
): Promise<Blob> {
  const parts: string[] = [line(page.columns.map(({ name }) => name))];
  const size = 5_000;
  let cursor: Cursor | undefined;
  for (let seen = 0; ; ) {
    const rows = (await runSql(selectPage(page, cursor, size, false))).map((row) => readRow(row, page));
    parts.push(rows.map(({ cells }) => line(cells)).join(''));
    seen += rows.length;
    onProgress(seen);
    if (rows.length < size) return new Blob(parts, { type: 'text/csv' });
    cursor = nextCursor(page, rows, seen);
  }
}
