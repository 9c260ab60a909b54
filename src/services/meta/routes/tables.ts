import type { FastifyInstance } from '#kernel/http';
import type { Session } from '#kernel/sql';
import {
  alterTable,
  createTable,
  dropTable,
  type KnownTable,
  type NewTable,
  type TableChange,
} from '../core/ddl/tables.ts';
import { withColumns } from '../core/objects.ts';
import { tables } from '../sql/catalog/relations.ts';
import { primaryKeyName } from '../sql/constraints.ts';
import { bindCreate, bindDelete, bindList, bindRetrieve, bindUpdate, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, flag, nullable, oneOf, text } from './schema.ts';

const resource: Resource = { path: '/tables', catalog: tables, complete: withColumns };

const newTable = bodyOf({ name: text, schema: text, comment: nullable(text) }, ['name']);

const tableChange = bodyOf({
  name: text,
  schema: text,
  rls_enabled: flag,
  rls_forced: flag,
  replica_identity: oneOf('DEFAULT', 'INDEX', 'FULL', 'NOTHING'),
  replica_identity_index: text,
  primary_keys: { type: 'array', items: bodyOf({ name: text }, ['name']) },
  comment: nullable(text),
});

/** `/tables` */
export function bindTables(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);
  bindRetrieve(app, run, resource);
  bindCreate(app, run, resource, newTable, async (session: Session, body: NewTable) => {
    await session.query(createTable(body));
    return { schema: body.schema ?? 'public', name: body.name };
  });
  bindUpdate(app, run, resource, tableChange, async (old: KnownTable, change: TableChange, session) =>
    alterTable(old, change, change.primary_keys && (await primaryKeyName(session, old.id))),
  );
  bindDelete(app, run, resource, dropTable);
}
