import type { FastifyInstance } from '#kernel/http';
import type { Session } from '#kernel/sql';
import {
  type ColumnGrant,
  grantOnColumns,
  grantOnRelations,
  type KnownColumnOf,
  type KnownRelation,
  type RelationGrant,
  revokeOnColumns,
  revokeOnRelations,
} from '../core/ddl/privileges.ts';
import { findObject, listObjects } from '../core/objects.ts';
import { columnPrivileges, tablePrivileges } from '../sql/catalog/access.ts';
import { bindList } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, flag, oid, oneOf, text } from './schema.ts';

const relationWords = ['ALL', 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'];
const columnWords = ['ALL', 'SELECT', 'INSERT', 'UPDATE', 'REFERENCES'];

const grants = (id: Readonly<Record<string, object>>, words: readonly string[]) => ({
  type: 'array',
  items: bodyOf({ ...id, grantee: text, privilege_type: oneOf(...words), is_grantable: flag }, [
    ...Object.keys(id),
    'grantee',
    'privilege_type',
  ]),
});
const relationGrants = grants({ relation_id: oid }, relationWords);
const columnGrants = grants({ column_id: { type: 'string', pattern: '^\\d+\\.\\d+$' } }, columnWords);

/** `/table-privileges`, `/column-privileges`; answered with what the touched ones have now. */
export function bindPrivileges(app: FastifyInstance, run: Run): void {
  bindList(app, run, { path: '/table-privileges', catalog: tablePrivileges });
  bindList(app, run, { path: '/column-privileges', catalog: columnPrivileges });

  for (const [method, script] of [
    ['POST', grantOnRelations],
    ['DELETE', revokeOnRelations],
  ] as const)
    app.route({
      method,
      url: '/table-privileges',
      schema: { body: relationGrants },
      handler: (request, reply) =>
        run(request, reply, 400, async (session) => {
          const wanted = request.body as readonly RelationGrant[];
          const ids = wanted.map(({ relation_id }) => Number(relation_id));
          const relations = await oneByOne(ids, (id) => relationOf(session, id));
          await session.query(script(wanted, relations));
          return listObjects(session, tablePrivileges, { where: { relation_id: ids } });
        }),
    });

  for (const [method, script] of [
    ['POST', grantOnColumns],
    ['DELETE', revokeOnColumns],
  ] as const)
    app.route({
      method,
      url: '/column-privileges',
      schema: { body: columnGrants },
      handler: (request, reply) =>
        run(request, reply, 400, async (session) => {
          const wanted = request.body as readonly ColumnGrant[];
          const ids = wanted.map(({ column_id }) => column_id);
          const columns = await oneByOne(ids, (id) => columnOf(session, id));
          await session.query(script(wanted, columns));
          return listObjects(session, columnPrivileges, { where: { column_id: ids } });
        }),
    });
}

const relationOf = (session: Session, id: number): Promise<KnownRelation> =>
  findObject(session, tablePrivileges, { relation_id: id }, `of the relation with ID ${id}`);

async function columnOf(session: Session, id: string): Promise<KnownColumnOf> {
  const found = await findObject<Readonly<Record<'relation_schema' | 'relation_name' | 'column_name', string>>>(
    session,
    columnPrivileges,
    { column_id: id },
    `of the column with ID ${id}`,
  );
  return { schema: found.relation_schema, name: found.relation_name, column: found.column_name };
}

// A session answers one question at a time.
async function oneByOne<Id, T>(ids: readonly Id[], find: (id: Id) => Promise<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for (const id of ids) found.push(await find(id));
  return found;
}
