import type { CellValue, Relation, RowChange } from '#kernel/replication';
import type { ChangeType } from './feed.ts';

/** Values of a row by column; a column that is not there was not sent. */
export type Row = ReadonlyMap<string, string | null>;

/** A change with its rows by column. */
export interface Change {
  readonly type: ChangeType;
  readonly relation: Relation;
  /** All that may be shown, in the table's order. */
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
  readonly source: RowChange;
  /** The row as it is now; for a delete what the replica identity tells of it. */
  readonly row: Row;
  /** Old values that the replica identity tells. */
  readonly old: Row;
}

const types = { insert: 'INSERT', update: 'UPDATE', delete: 'DELETE' } as const;

const isSent = (value: CellValue): value is string | null => value === null || typeof value === 'string';

/** Puts a change's values to their columns; of old rows only what the identity holds, and TOAST from there (spec §8.2). */
export function readChange(source: RowChange, primaryKey: readonly string[]): Change {
  const { relation } = source;
  const old = new Map<string, string | null>();
  const row = new Map<string, string | null>();
  const holdsAll = source.old?.holds === 'row';
  for (const [index, { name, isKey }] of relation.columns.entries()) {
    const before = source.old?.values[index];
    if (source.old && (holdsAll || isKey) && isSent(before)) old.set(name, before);
    const after = source.new?.[index];
    if (isSent(after)) row.set(name, after);
    else if (source.new && after === undefined && holdsAll && isSent(before)) row.set(name, before);
  }
  if (source.kind === 'delete')
    return { type: types.delete, relation, columns: relation.columns, source, row: old, old };
  // The key did not change, or it would have been sent.
  if (source.kind === 'update' && !source.old) {
    const isIdentity =
      relation.replicaIdentity === 'default' ? (name: string) => primaryKey.includes(name) : identity(relation);
    for (const [name, value] of row) if (isIdentity(name)) old.set(name, value);
  }
  return { type: types[source.kind], relation, columns: relation.columns, source, row, old };
}

function identity({ columns, replicaIdentity }: Relation): (name: string) => boolean {
  const names = new Set(
    replicaIdentity === 'nothing' ? [] : columns.flatMap(({ name, isKey }) => (isKey ? [name] : [])),
  );
  return (name) => names.has(name);
}
