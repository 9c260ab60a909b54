import type { FastifyInstance } from '#kernel/http';
import {
  alterTrigger,
  createTrigger,
  dropTrigger,
  type KnownTrigger,
  type NewTrigger,
  type TriggerChange,
} from '../core/ddl/triggers.ts';
import { triggers } from '../sql/catalog/code.ts';
import { bindCreate, bindDelete, bindList, bindRetrieve, bindUpdate, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, oneOf, text, texts } from './schema.ts';

const resource: Resource = { path: '/triggers', catalog: triggers };

const newTrigger = bodyOf(
  {
    name: text,
    schema: text,
    table: text,
    function_name: text,
    function_schema: text,
    function_args: texts,
    activation: oneOf('BEFORE', 'AFTER', 'INSTEAD OF'),
    events: { ...texts, minItems: 1 },
    orientation: oneOf('ROW', 'STATEMENT'),
    condition: text,
  },
  ['name', 'table', 'function_name', 'activation', 'events'],
);
const triggerChange = bodyOf({ name: text, enabled_mode: oneOf('ORIGIN', 'REPLICA', 'ALWAYS', 'DISABLED') });

/** `/triggers` */
export function bindTriggers(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);
  bindRetrieve(app, run, resource);
  bindCreate(app, run, resource, newTrigger, async (session, body: NewTrigger) => {
    await session.query(createTrigger(body));
    return { schema: body.schema ?? 'public', table: body.table, name: body.name };
  });
  bindUpdate(app, run, resource, triggerChange, (old: KnownTrigger, change: TriggerChange) =>
    alterTrigger(old, change),
  );
  bindDelete(app, run, resource, dropTrigger);
}
