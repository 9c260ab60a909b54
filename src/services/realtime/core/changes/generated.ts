import { asDatabaseError, type Database } from '#kernel/sql';
import type { ColumnInfo } from '../../sql/changes/catalogue.ts';
import { type GeneratedColumns, generatedValues } from '../../sql/changes/generated.ts';
import type { Change, Row } from './row.ts';
import type { Table } from './tables.ts';

/** A change and the table it is of. */
export interface TableChange {
  readonly table: Table;
  readonly change: Change;
}

/**
 * Puts stored generated columns in, where the publication leaves them out (before PostgreSQL 18, and there by default). They are
 * made of the change's own values: the row itself may hold newer ones that not everybody may see.
 */
export async function withGenerated(db: Database, changes: readonly TableChange[]): Promise<readonly TableChange[]> {
  const lacking = new Map<Table, { readonly columns: GeneratedColumns; readonly changes: Change[] }>();
  for (const { table, change } of changes) {
    const columns = lacking.get(table)?.columns ?? columnsOf(table, change);
    if (!columns) continue;
    lacking.set(table, { columns, changes: [...(lacking.get(table)?.changes ?? []), change] });
  }
  if (lacking.size === 0) return changes;
  const completed = new Map<Change, Change>();
  for (const [table, { columns, changes: some }] of lacking)
    for (const [index, change] of (await complete(db, table, columns, some)).entries())
      completed.set(some[index] as Change, change);
  return changes.map(({ table, change }) => ({ table, change: completed.get(change) ?? change }));
}

/** Undefined where nothing is left out. */
function columnsOf({ info }: Table, { relation }: Change): GeneratedColumns | undefined {
  const sent = new Set(relation.columns.map(({ name }) => name));
  const generated = info.columns.filter(({ name, generatedAs }) => generatedAs !== null && !sent.has(name));
  if (generated.length === 0) return undefined;
  return { generated, plain: info.columns.filter(({ generatedAs, isVirtual }) => generatedAs === null && !isVirtual) };
}

async function complete(
  db: Database,
  { info }: Table,
  columns: GeneratedColumns,
  changes: readonly Change[],
): Promise<readonly Change[]> {
  // A row of which something was not sent, a long value that did not change, says too little.
  const isWhole = (row: Row): boolean => columns.plain.every(({ name }) => row.has(name));
  const rows = [...new Set(changes.flatMap(({ row, old }) => [row, old]))].filter(isWhole);
  if (rows.length === 0) return changes;
  const texts = rows.map((row) => columns.plain.map(({ name }) => row.get(name) ?? null));
  let made: (string | null)[][];
  try {
    made = await generatedValues(db, info, columns, texts);
  } catch (error) {
    // An expression that fails now, since a function it calls has changed, leaves its columns out; others wait their turn.
    if (!/^(22|42|P0)/.test(asDatabaseError(error)?.code ?? '')) throw error;
    return changes;
  }
  const full = new Map(rows.map((row, index) => [row, withValues(row, columns.generated, made[index] ?? [])]));
  const shown = info.columns.flatMap(({ name, type, isVirtual }) => (isVirtual ? [] : [{ name, typeOid: type.oid }]));
  return changes.map((change) => ({
    ...change,
    columns: shown,
    row: full.get(change.row) ?? change.row,
    old: full.get(change.old) ?? change.old,
  }));
}

function withValues(row: Row, columns: readonly ColumnInfo[], values: readonly (string | null)[]): Row {
  const all = new Map(row);
  for (const [index, { name }] of columns.entries()) all.set(name, values[index] ?? null);
  return all;
}
