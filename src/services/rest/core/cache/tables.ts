import {
  type Catalog,
  type ColumnRow,
  columnRows,
  type RelationColumnsRow,
  type RelationRow,
} from '../../sql/catalog-rows.ts';
import type { BySchema, Column, Representation, Table } from './model.ts';
import { columnKey, type ShownColumns } from './view-columns.ts';
import { forEach, type Work } from './work.ts';

const canUpdate = 4;
const canInsert = 8;
const canDelete = 16;

/** Column names of an exposed relation by number. */
export type ColumnNames = (relation: string) => ReadonlyMap<number, string> | undefined;

/** Names of primary key columns by relation, sorted. A view has the key of a table all of whose key columns it shows. */
export function* primaryKeys(
  { keys }: Catalog,
  shown: ShownColumns,
  columnNames: ColumnNames,
): Work<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  yield* forEach(keys, ({ kind, relation, columns, numbers }) => {
    if (kind !== 'p') return;
    found.set(relation, [...columns].sort());
    const perColumn = numbers.map((number) => shown.get(columnKey(relation, number)));
    for (const view of perColumn[0]?.keys() ?? []) {
      const names = perColumn.map((byView) => columnNames(view)?.get(Math.min(...(byView?.get(view) ?? []))));
      if (names.every((name) => name !== undefined))
        found.set(view, [...new Set([...(found.get(view) ?? []), ...names])].sort());
    }
  });
  return found;
}

type Representations = ReadonlyMap<string, Representation>;

/** The exposed relations with their columns. */
export function* exposedTables(
  catalog: Catalog,
  columns: ReadonlyMap<string, RelationColumnsRow>,
  keys: ReadonlyMap<string, readonly string[]>,
): Work<BySchema<Table>> {
  const representations = representationsByDomain(catalog);
  const bySchema = new Map<string, Map<string, Table>>(catalog.schemas.map((name) => [name, new Map()]));
  yield* forEach(catalog.relations, (row) => {
    const table =
      bySchema.has(row.schema) && tableFrom(row, columns.get(row.oid), keys.get(row.oid) ?? [], representations);
    if (table) bySchema.get(row.schema)?.set(row.name, table);
  });
  return bySchema;
}

/** A table. Its columns are taken apart when somebody asks for them. */
function tableFrom(
  row: RelationRow,
  columnsRow: RelationColumnsRow | undefined,
  primaryKey: readonly string[],
  representations: Representations,
): Table {
  const isTable = row.kind === 'r' || row.kind === 'p';
  const events = row.events ?? 0;
  let source = columnsRow;
  let columns: ReadonlyMap<string, Column> | undefined;
  let hasRepresentations: boolean | undefined;
  return {
    schema: row.schema,
    name: row.name,
    comment: row.comment ?? undefined,
    isView: row.kind === 'v' || row.kind === 'm',
    insertable: isTable || (events & canInsert) !== 0,
    updatable: isTable || (events & canUpdate) !== 0,
    deletable: isTable || (events & canDelete) !== 0,
    primaryKey,
    get columns() {
      columns ??= columnsFrom(source, representations);
      source = undefined;
      return columns;
    },
    get hasRepresentations() {
      hasRepresentations ??= [...this.columns.values()].some(
        ({ representation }) => representation?.toJson !== undefined,
      );
      return hasRepresentations;
    },
  };
}

function columnsFrom(row: RelationColumnsRow | undefined, representations: Representations): Map<string, Column> {
  const columns = new Map<string, Column>();
  for (const one of row === undefined ? [] : columnRows(row))
    columns.set(one.name, columnFrom(one, one.domain === null ? undefined : representations.get(one.domain)));
  return columns;
}

function columnFrom(row: ColumnRow, representation: Representation | undefined): Column {
  return {
    name: row.name,
    comment: row.comment ?? undefined,
    nullable: row.nullable,
    declaredType: row.declared,
    nominalType: row.nominal,
    isJson: row.base === 'json' || row.base === 'jsonb',
    isTextSearchVector: row.base === 'tsvector',
    maxLength: row.max_length ?? undefined,
    default: row.default ?? undefined,
    enumLabels: row.enum ?? [],
    representation,
  };
}

function representationsByDomain({ representations }: Catalog): Representations {
  const found = new Map<string, Representation>();
  for (const row of representations) {
    const domain = row.direction === 'to-json' ? row.source : row.target;
    const known = found.get(domain) ?? { toJson: undefined, fromJson: undefined, fromText: undefined };
    const key = row.direction === 'to-json' ? 'toJson' : row.direction === 'from-json' ? 'fromJson' : 'fromText';
    found.set(domain, { ...known, [key]: row.function });
  }
  return found;
}
