import type { Session } from '#kernel/sql';
import { metaError } from '../errors.ts';
import type { Catalog } from '../sql/catalog/catalog.ts';
import { columns } from '../sql/catalog/columns.ts';
import { type Selection, selectFrom } from '../sql/select.ts';
import { booleanOf, type Query } from './filters.ts';

/** An object as a route shows it. */
export type MetaObject = Readonly<Record<string, unknown>>;

/** The objects of a catalogue. */
export async function listObjects<T = MetaObject>(
  session: Session,
  catalog: Catalog,
  selection?: Selection,
): Promise<readonly T[]> {
  const { text, values } = selectFrom(catalog, selection);
  const [result] = await session.query<T>(text, values);
  return result?.rows ?? [];
}

/**
 * The one object with these attributes.
 *
 * @param called how the message names it when there is none, e.g. `with ID 17`
 * @throws ServiceError `object_not_found`
 */
export async function findObject<T = MetaObject>(
  session: Session,
  catalog: Catalog,
  where: Readonly<Record<string, unknown>>,
  called: string,
): Promise<T> {
  const [found] = await listObjects<T>(session, catalog, { where });
  if (!found) throw metaError('object_not_found', { message: `Cannot find ${catalog.thing} ${called}` });
  return found;
}

/** Puts the columns of relations to them, unless `include_columns=false` is asked for. */
export async function withColumns(
  session: Session,
  relations: readonly MetaObject[],
  query: Query = {},
): Promise<readonly MetaObject[]> {
  if (booleanOf(query, 'include_columns') === false || relations.length === 0) return relations;
  const where = { table_id: relations.map(({ id }) => id) };
  const byTable = new Map<unknown, MetaObject[]>();
  for (const column of await listObjects(session, columns, { where })) {
    const known = byTable.get(column.table_id);
    if (known) known.push(column);
    else byTable.set(column.table_id, [column]);
  }
  return relations.map((relation) => ({ ...relation, columns: byTable.get(relation.id) ?? [] }));
}
