import type { Catalog, ColumnRow, RelationRow } from '../../sql/catalog-rows.ts';
import type { BySchema, Column, Representation, Table } from './model.ts';
import { columnKey, type ShownColumns } from './view-columns.ts';
import { forEach, type Work } from './work.ts';

const canUpdate = 4;
const canInsert = 8;
const canDelete = 16;

/** Names of primary key columns by relation, sorted. A view has the key of a table all of whose key columns it shows. */
export function* primaryKeys(
  { keys }: Catalog,
  shown: ShownColumns,
  columnNames: ReadonlyMap<string, ReadonlyMap<number, string>>,
): Work<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  yield* forEach(keys, ({ kind, relation, columns, numbers }) => {
    if (kind !== 'p') return;
    found.set(relation, [...columns].sort());
    const perColumn = numbers.map((number) => shown.get(columnKey(relation, number)));
    for (const view of perColumn[0]?.keys() ?? []) {
      const names = perColumn.map((byView) => columnNames.get(view)?.get(Math.min(...(byView?.get(view) ?? []))));
      if (names.every((name) => name !== undefined))
        found.set(view, [...new Set([...(found.get(view) ?? []), ...names])].sort());
    }
  });
  return found;
}

/** The exposed relations with their columns. */
export function* exposedTables(catalog: Catalog, keys: ReadonlyMap<string, readonly string[]>): Work<BySchema<Table>> {
  const representations = representationsByDomain(catalog);
  const columnsOf = new Map<string, Map<string, Column>>();
  yield* forEach(catalog.columns, (row) => {
    const columns = columnsOf.get(row.relation) ?? new Map<string, Column>();
    columnsOf.set(row.relation, columns);
    columns.set(row.name, columnFrom(row, row.domain === null ? undefined : representations.get(row.domain)));
  });
  const bySchema = new Map<string, Map<string, Table>>(catalog.schemas.map((name) => [name, new Map()]));
  yield* forEach(catalog.relations, (row) => {
    bySchema
      .get(row.schema)
      ?.set(row.name, tableFrom(row, columnsOf.get(row.oid) ?? new Map(), keys.get(row.oid) ?? []));
  });
  return bySchema;
}

function tableFrom(row: RelationRow, columns: ReadonlyMap<string, Column>, primaryKey: readonly string[]): Table {
  const isTable = row.kind === 'r' || row.kind === 'p';
  const events = row.events ?? 0;
  return {
    schema: row.schema,
    name: row.name,
    comment: row.comment ?? undefined,
    isView: row.kind === 'v' || row.kind === 'm',
    insertable: isTable || (events & canInsert) !== 0,
    updatable: isTable || (events & canUpdate) !== 0,
    deletable: isTable || (events & canDelete) !== 0,
    primaryKey,
    columns,
    hasRepresentations: [...columns.values()].some(({ representation }) => representation?.toJson !== undefined),
  };
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

function representationsByDomain({ representations }: Catalog): ReadonlyMap<string, Representation> {
  const found = new Map<string, Representation>();
  for (const row of representations) {
    const domain = row.direction === 'to-json' ? row.source : row.target;
    const known = found.get(domain) ?? { toJson: undefined, fromJson: undefined, fromText: undefined };
    const key = row.direction === 'to-json' ? 'toJson' : row.direction === 'from-json' ? 'fromJson' : 'fromText';
    found.set(domain, { ...known, [key]: row.function });
  }
  return found;
}
