import { useQuery } from '@tanstack/react-query';
import { runSql } from '../../data/sql.ts';
import type { Typed } from '../../sql/changes.ts';
import { type PageOf, wholeRow } from '../../sql/page.ts';
import type { Draft } from './draft.ts';
import { RowPanel } from './row-panel.tsx';

/** One row of a table whole, with what is changed in it and not saved yet. */
export function RowView({
  page,
  draft,
  row,
  editable,
  onDone,
  onClose,
}: {
  readonly page: PageOf;
  readonly draft: Draft;
  readonly row: string | number;
  readonly editable: boolean;
  readonly onDone: (row: string | number, values: Readonly<Record<string, Typed>>) => void;
  readonly onClose: () => void;
}) {
  const key = typeof row === 'string' ? (JSON.parse(row) as string[]) : undefined;
  const kept = useQuery({
    queryKey: ['rows', page.schema, page.name, 'one', row],
    queryFn: async ({ signal }) =>
      (await runSql<Record<string, string | null>>(wholeRow(page, key ?? []), signal))[0] ?? null,
    enabled: key !== undefined,
  });
  const fresh = typeof row === 'number' ? draft.inserts.find(({ id }) => id === row)?.values : undefined;
  const values = key === undefined ? (fresh ?? {}) : kept.data ? { ...kept.data, ...draft.edits[row] } : undefined;
  const gone = kept.data === null ? new Error('The row is not there any more') : undefined;
  return (
    <RowPanel
      title={key ? `Row ${key.join(', ')} of ${page.name}` : `New row of ${page.name}`}
      columns={page.columns}
      values={values}
      error={kept.error ?? gone}
      editable={editable}
      onDone={(changed) => onDone(row, changed)}
      onClose={onClose}
    />
  );
}
