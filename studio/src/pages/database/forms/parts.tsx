import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useId } from 'react';
import { runSql } from '../../../data/sql.ts';
import { Sheet } from '../../../design/dialog.tsx';
import { ErrorBox, Skeleton } from '../../../design/states.tsx';
import { isOwnSchema } from '../../../sql/catalogue.ts';
import styles from './forms.module.css';

const SqlEditor = lazy(async () => ({ default: (await import('../../../editor/sql-editor.tsx')).SqlEditor }));

/** A row of a list. */
export type Entry = Readonly<Record<string, string | number | boolean | null>>;

/** What a form is given. @param entry what is changed; without one something is made */
export interface FormProps {
  readonly entry?: Entry;
  readonly onClose: () => void;
}

/** Loads what a form changes, whole and as it is now. */
export function Loaded<T>({
  title,
  sql,
  onClose,
  children,
}: {
  readonly title: string;
  readonly sql: string;
  readonly onClose: () => void;
  readonly children: (row: T) => ReactNode;
}) {
  const row = useQuery({
    queryKey: ['one', sql],
    queryFn: async ({ signal }) => {
      const [found] = await runSql<T>(sql, signal);
      if (!found) throw new Error('It is not there any more');
      return found;
    },
    // A form begins with what is there when it is opened, and keeps it while somebody types.
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (row.data) return children(row.data);
  return (
    <Sheet title={title} onClose={onClose}>
      {row.error ? <ErrorBox error={row.error} retry={() => void row.refetch()} /> : <Skeleton lines={6} />}
    </Sheet>
  );
}

/** Names for a choice, asked for once while the page is open. */
export const useNames = <T,>(sql: string, enabled = true): readonly T[] =>
  useQuery({ queryKey: ['catalogue', 'names', sql], queryFn: ({ signal }) => runSql<T>(sql, signal), enabled }).data ??
  [];

const listSchemas = `select nspname as name from pg_namespace where nspname <> 'information_schema' and nspname !~ '^pg_' order by nspname <> 'public', 1`;

/** Schemas in which something is made: the project's own, and the one that is given. */
export function useSchemas(current: string): readonly string[] {
  const names = useNames<{ name: string }>(listSchemas)
    .map(({ name }) => name)
    .filter(isOwnSchema);
  return [...new Set([...names, current])];
}

const listTables = `select n.nspname as schema, c.relname as name, c.relkind in ('v') as view from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^(pg_|_)' order by n.nspname <> 'public', 1, 2 limit 2000`;

/** A table to choose, and whether it is a view. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
  readonly view: boolean;
}

/** Tables and views to choose from. */
export const useTables = (): readonly TableName[] => useNames<TableName>(listTables);

/** SQL in a form, in several lines. */
export function SqlField({
  label,
  value,
  onChange,
  placeholder = '',
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
}) {
  const id = useId();
  return (
    <fieldset className={styles.sql} aria-labelledby={id}>
      <legend id={id}>{label}</legend>
      <div>
        <Suspense fallback={<Skeleton lines={4} />}>
          <SqlEditor label={label} value={value} onChange={onChange} placeholder={placeholder} fill />
        </Suspense>
      </div>
    </fieldset>
  );
}

/** A value of a select that names a schema and something in it. */
export const pairOf = (schema: string, name: string): string => JSON.stringify([schema, name]);

/** Reads `pairOf`; empty names where it is none. */
export function readPair(value: string): readonly [schema: string, name: string] {
  const parsed: unknown = value === '' ? [] : JSON.parse(value);
  const [schema, name] = Array.isArray(parsed) ? parsed : [];
  return [typeof schema === 'string' ? schema : '', typeof name === 'string' ? name : ''];
}

/** How a thing in a schema is called where `public` goes without saying. */
export const labelOf = (schema: string, name: string): string => (schema === 'public' ? name : `${schema}.${name}`);
