import type { FastifyInstance, FastifyRequest } from '#kernel/http';
import type { Session } from '#kernel/sql';
import {
  alterColumn,
  type ColumnChange,
  createColumn,
  dropColumn,
  type KnownColumn,
  type NewColumn,
} from '../core/ddl/columns.ts';
import type { KnownTable } from '../core/ddl/tables.ts';
import { booleanOf, type Query } from '../core/filters.ts';
import { findObject } from '../core/objects.ts';
import { columns } from '../sql/catalog/columns.ts';
import { tables } from '../sql/catalog/relations.ts';
import { constraintsOfColumn } from '../sql/constraints.ts';
import { bindCreate, bindList, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, flag, nullable, oid, oneOf, text } from './schema.ts';

const resource: Resource = { path: '/columns', catalog: columns };

const shared = {
  name: text,
  type: text,
  default_value: {},
  default_value_format: oneOf('expression', 'literal'),
  is_identity: flag,
  identity_generation: oneOf('BY DEFAULT', 'ALWAYS'),
  is_nullable: flag,
  is_unique: flag,
  comment: nullable(text),
  check: nullable(text),
};
const newColumn = bodyOf({ ...shared, table_id: oid, is_primary_key: flag }, ['table_id', 'name', 'type']);
const columnChange = bodyOf({ ...shared, drop_default: flag });

/** `/columns`; the id of a column is `oid.ordinal`. */
export function bindColumns(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);

  // The first column of a table, when no ordinal is given: upstream's way.
  app.get('/columns/:tableId(^\\d+$)', (request, reply) =>
    run(request, reply, 404, (session) => {
      const tableId = Number((request.params as { readonly tableId: string }).tableId);
      return findObject(session, columns, { table_id: tableId }, `with ID ${tableId}`);
    }),
  );
  app.get('/columns/:tableId(^\\d+).:ordinal(^\\d+$)', (request, reply) =>
    run(request, reply, 404, (session) => find(session, request)),
  );

  bindCreate(app, run, resource, newColumn, async (session, body: NewColumn) => {
    const tableId = Number(body.table_id);
    const table = await findObject<KnownTable>(session, tables, { id: tableId }, `with ID ${tableId}`);
    await session.query(createColumn(table, body));
    return { table_id: tableId, name: body.name };
  });

  app.patch('/columns/:tableId(^\\d+).:ordinal(^\\d+$)', { schema: { body: columnChange } }, (request, reply) =>
    run(request, reply, 400, async (session) => {
      const old = await find<KnownColumn>(session, request);
      const { tableId, ordinal } = idOf(request);
      const constraints = await constraintsOfColumn(session, tableId, ordinal);
      await session.query(alterColumn(old, request.body as ColumnChange, constraints));
      return find(session, request);
    }),
  );

  app.delete('/columns/:tableId(^\\d+).:ordinal(^\\d+$)', (request, reply) => {
    const cascade = booleanOf(request.query as Query, 'cascade') ?? false;
    return run(request, reply, 400, async (session) => {
      const old = await find<KnownColumn>(session, request);
      await session.query(dropColumn(old, cascade));
      return old;
    });
  });
}

function find<T>(session: Session, request: FastifyRequest): Promise<T> {
  const { tableId, ordinal } = idOf(request);
  const where = { table_id: tableId, ordinal_position: ordinal };
  return findObject<T>(session, columns, where, `with ID ${tableId}.${ordinal}`);
}

function idOf(request: FastifyRequest): { readonly tableId: number; readonly ordinal: number } {
  const { tableId, ordinal } = request.params as { readonly tableId: string; readonly ordinal: string };
  return { tableId: Number(tableId), ordinal: Number(ordinal) };
}
