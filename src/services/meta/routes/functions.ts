import type { FastifyInstance } from '#kernel/http';
import {
  alterFunction,
  createFunction,
  dropFunction,
  type FunctionChange,
  type KnownFunction,
  type NewFunction,
} from '../core/ddl/functions.ts';
import { functions } from '../sql/catalog/code.ts';
import { newestFunction } from '../sql/newest-function.ts';
import { bindCreate, bindDelete, bindList, bindRetrieve, bindUpdate, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, flag, map, oneOf, text, texts } from './schema.ts';

const resource: Resource = { path: '/functions', catalog: functions };

const newFunction = bodyOf(
  {
    name: text,
    definition: text,
    args: texts,
    schema: text,
    language: text,
    return_type: text,
    behavior: oneOf('IMMUTABLE', 'STABLE', 'VOLATILE'),
    security_definer: flag,
    config_params: map,
  },
  ['name', 'definition'],
);
const functionChange = bodyOf({ name: text, schema: text, definition: text });

/** `/functions` */
export function bindFunctions(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);
  bindRetrieve(app, run, resource);
  bindCreate(app, run, resource, newFunction, async (session, body: NewFunction) => {
    await session.query(createFunction(body));
    return { id: await newestFunction(session, body.schema ?? 'public', body.name) };
  });
  bindUpdate(app, run, resource, functionChange, (old: KnownFunction, change: FunctionChange) =>
    alterFunction(old, change),
  );
  bindDelete(app, run, resource, dropFunction);
}
