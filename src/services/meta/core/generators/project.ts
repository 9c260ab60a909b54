import type { Session } from '#kernel/sql';
import { schemas } from '../../sql/catalog/access.ts';
import { systemSchemas } from '../../sql/catalog/catalog.ts';
import { anyType, functions } from '../../sql/catalog/code.ts';
import { columns } from '../../sql/catalog/columns.ts';
import { foreignTables, materializedViews, tables, views } from '../../sql/catalog/relations.ts';
import { foreignKeys, viewQueries } from '../../sql/foreign-keys.ts';
import { listObjects } from '../objects.ts';
import type { Column, FunctionObject, Project, Relation, TypeObject } from './objects.ts';
import { type ForeignKeyRow, findRelationships, type ViewQueryRow } from './relationships.ts';

/** Which schemas are written about: those named, or all but the server's own; none of those excluded. */
export interface SchemaChoice {
  readonly includedSchemas: readonly string[];
  readonly excludedSchemas: readonly string[];
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => a.name.localeCompare(b.name);

/** Reads what the generators need, in one session. */
export async function readProject(session: Session, choice: SchemaChoice): Promise<Project> {
  const selection = { ...choice, includeSystemSchemas: false };
  const relations = {
    tables: await listObjects<Relation>(session, tables, selection),
    foreignTables: await listObjects<Relation>(session, foreignTables, selection),
    views: await listObjects<Relation>(session, views, selection),
    materializedViews: await listObjects<Relation>(session, materializedViews, selection),
  };
  const known = {
    relations: new Map(
      Object.values(relations).flatMap((list) => list.map((relation) => [relation.id, relation] as const)),
    ),
    columns: groupColumns(await listObjects<Column>(session, columns, selection)),
  };
  const [keys] = await session.query<ForeignKeyRow>(foreignKeys, [systemSchemas]);
  const [queries] = await session.query<ViewQueryRow>(viewQueries, [systemSchemas]);
  const all = await listObjects<FunctionObject>(session, functions, selection);
  return {
    ...relations,
    schemas: [...(await listObjects<{ name: string }>(session, schemas, selection))].sort(byName),
    columns: known.columns,
    functions: all.filter(({ return_type }) => return_type !== 'trigger' && return_type !== 'event_trigger'),
    types: await listObjects<TypeObject>(session, anyType),
    relationships: findRelationships(keys?.rows ?? [], queries?.rows ?? [], known),
  };
}

function groupColumns(rows: readonly Column[]): ReadonlyMap<number, readonly Column[]> {
  const grouped = new Map<number, Column[]>();
  for (const column of rows) {
    const known = grouped.get(column.table_id);
    if (known) known.push(column);
    else grouped.set(column.table_id, [column]);
  }
  for (const list of grouped.values()) list.sort(byName);
  return grouped;
}
