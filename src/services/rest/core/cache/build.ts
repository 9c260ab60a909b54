import { type Catalog, columnRows, type RelationColumnsRow } from '../../sql/catalog-rows.ts';
import type { MediaHandler, SchemaCache } from './model.ts';
import { deriveRelationships, type KnownRelation } from './relationships.ts';
import { callableRoutines, mediaDomain, settingsOfRoles } from './routines.ts';
import { type ColumnNames, exposedTables, primaryKeys } from './tables.ts';
import { shownColumns } from './view-columns.ts';
import { finish, type Work } from './work.ts';

/** What does not stand in the catalogue. */
export interface CacheOptions {
  readonly hoistedSettings: readonly string[];
  readonly timezones: ReadonlySet<string>;
}

/** Makes a schema cache of what was read: plain data and the maps by which it is found. */
export const buildSchemaCache = (catalog: Catalog, options: CacheOptions): SchemaCache =>
  finish(schemaCacheWork(catalog, options));

/** The same as work that can be left in between: a large schema takes seconds. */
export function* schemaCacheWork(catalog: Catalog, options: CacheOptions): Work<SchemaCache> {
  const exposed = new Set(catalog.schemas);
  const relations = new Map<string, KnownRelation>(
    catalog.relations.map(({ oid, schema, name }) => [oid, { oid, schema, name, exposed: exposed.has(schema) }]),
  );
  const columns = new Map(catalog.columns.map((row) => [row.relation, row]));
  const columnNames = columnNamesIn(columns);
  const shown = yield* shownColumns(catalog.views);
  const keys = yield* primaryKeys(catalog, shown, columnNames);
  return {
    schemas: catalog.schemas,
    tables: yield* exposedTables(catalog, columns, keys),
    relationships: yield* deriveRelationships({ catalog, relations, shown, columnNames, primaryKeys: keys }),
    routines: yield* callableRoutines(catalog, options.hoistedSettings),
    mediaHandlers: mediaHandlersOf(catalog, relations),
    roles: settingsOfRoles(catalog),
    timezones: options.timezones,
  };
}

/** Only those of views are asked for. */
function columnNamesIn(columns: ReadonlyMap<string, RelationColumnsRow>): ColumnNames {
  const known = new Map<string, ReadonlyMap<number, string>>();
  return (relation) => {
    const row = columns.get(relation);
    const found = known.get(relation) ?? (row && new Map(columnRows(row).map(({ number, name }) => [number, name])));
    if (found) known.set(relation, found);
    return found;
  };
}

function mediaHandlersOf(catalog: Catalog, relations: ReadonlyMap<string, KnownRelation>): MediaHandler[] {
  return catalog.mediaAggregates.flatMap((row): MediaHandler[] => {
    const table = row.relation === null ? undefined : relations.get(row.relation);
    if (row.relation !== null && !table) return [];
    return [{ schema: row.schema, name: row.name, table, ...mediaDomain(row.media_type, row.base) }];
  });
}
