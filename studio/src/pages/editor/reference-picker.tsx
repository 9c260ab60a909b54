import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { runSql } from '../../data/sql.ts';
import { Button } from '../../design/button.tsx';
import { Input } from '../../design/field.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import { peekSql, searchReferenceSql } from '../../sql/reference.ts';
import { type Column, listColumns, type Reference } from '../../sql/table.ts';
import styles from './page.module.css';

const useTarget = (reference: Reference) =>
  useQuery({
    queryKey: ['columns', reference.schema, reference.table],
    queryFn: ({ signal }) => runSql<Column>(listColumns(reference.schema, reference.table), signal),
  });

/** Chooses a row of another table to point at: found by any of its texts. */
export function ReferencePicker({
  column,
  reference,
  value,
  onDone,
  onCancel,
}: {
  readonly column: Column;
  readonly reference: Reference;
  readonly value: string | null;
  readonly onDone: (value: string | null) => void;
  readonly onCancel: () => void;
}) {
  const [text, setText] = useState('');
  const target = useTarget(reference);
  const found = useQuery({
    queryKey: ['reference', reference, text],
    queryFn: ({ signal }) =>
      runSql<{ value: string; about: string | null }>(searchReferenceSql(reference, target.data ?? [], text), signal),
    enabled: target.data !== undefined,
  });
  const error = target.error ?? found.error;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape within leaves, as in every editor of a cell
    <div
      className={styles.picker}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') onCancel();
      }}
    >
      <Input
        autoFocus
        type="search"
        aria-label={`${column.name}: search ${reference.table}`}
        placeholder={`Search ${reference.table}…`}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => {
          // What is typed may be the value itself.
          if (event.key === 'Enter' && text !== '')
            onDone(found.data?.length === 1 ? (found.data[0]?.value ?? text) : text);
        }}
      />
      {error ? (
        <ErrorBox error={error} />
      ) : !found.data ? (
        <Skeleton lines={3} />
      ) : (
        <ul>
          {found.data.map((row) => (
            <li key={row.value}>
              <button
                type="button"
                aria-current={row.value === value ? 'true' : undefined}
                onClick={() => onDone(row.value)}
              >
                <b>{row.value}</b> {row.about}
              </button>
            </li>
          ))}
          {found.data.length === 0 && <li className={styles.said}>No row is found by that.</li>}
        </ul>
      )}
      {value !== null && value !== '' && target.data && (
        <Peek reference={reference} columns={target.data} value={value} />
      )}
      <div>
        {column.nullable && (
          <Button small onClick={() => onDone(null)}>
            NULL
          </Button>
        )}
        <Button small onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </div>
  );
}

function Peek({
  reference,
  columns,
  value,
}: {
  readonly reference: Reference;
  readonly columns: readonly Column[];
  readonly value: string;
}) {
  const row = useQuery({
    queryKey: ['peek', reference, value],
    queryFn: async ({ signal }) =>
      (await runSql<Record<string, string | null>>(peekSql(reference, columns, value), signal))[0] ?? null,
  });
  if (!row.data) return null;
  return (
    <dl className={styles.peek} aria-label={`The row of ${reference.table} it points at`}>
      {Object.entries(row.data).map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text ?? 'NULL'}</dd>
        </div>
      ))}
    </dl>
  );
}
