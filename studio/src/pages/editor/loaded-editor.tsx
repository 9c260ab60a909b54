import { useState } from 'react';
import { runSql } from '../../data/sql.ts';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import { CellEditor } from '../../grid/cell-editor.tsx';
import { type PageOf, shownLength } from '../../sql/page.ts';
import { quoteName, quoteQualified, quoteText } from '../../sql/quote.ts';
import { type Column, keyOf } from '../../sql/table.ts';
import { ReferencePicker } from './reference-picker.tsx';

/** The editor of a cell; a value that the grid shows in part is loaded whole first, so that none is ever cut by saving. */
export function LoadedEditor({
  column,
  page,
  rowKey,
  shown,
  typed,
  onDone,
  onCancel,
}: {
  readonly column: Column;
  readonly page: PageOf;
  readonly rowKey: readonly string[] | undefined;
  readonly shown: { readonly text: string | null | undefined; readonly edited: boolean };
  readonly typed: string | undefined;
  readonly onDone: (value: string | null) => void;
  readonly onCancel: () => void;
}) {
  const [whole, setWhole] = useState<{ readonly text: string | null }>();
  const [error, setError] = useState<unknown>();
  const [asked, setAsked] = useState(false);
  const isCut = typed === undefined && !shown.edited && (shown.text?.length ?? 0) > shownLength && rowKey !== undefined;
  if (isCut && !asked) {
    setAsked(true);
    const where = keyOf(page.columns)
      .map(({ name, type }, at) => `${quoteName(name)} = ${quoteText(rowKey[at] ?? '')}::${type}`)
      .join(' and ');
    const sql = `select ${quoteName(column.name)}::text as text from ${quoteQualified(page.schema, page.name)} where ${where}`;
    runSql<{ text: string | null }>(sql).then(([row]) => setWhole(row ?? { text: null }), setError);
  }
  if (error !== undefined) return <ErrorBox error={error} />;
  if (isCut && !whole) return <Skeleton lines={1} />;
  if (column.reference && !typed)
    return (
      <ReferencePicker
        column={column}
        reference={column.reference}
        value={shown.text ?? null}
        onDone={onDone}
        onCancel={onCancel}
      />
    );
  const choices = column.labels ?? (column.type === 'boolean' ? ['true', 'false'] : undefined);
  return (
    <CellEditor
      of={{ title: column.name, type: column.type, nullable: column.nullable, choices }}
      value={choices ? (shown.text ?? null) : (typed ?? whole?.text ?? shown.text ?? null)}
      onDone={onDone}
      onCancel={onCancel}
    />
  );
}
