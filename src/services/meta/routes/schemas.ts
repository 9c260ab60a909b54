import type { FastifyInstance } from '#kernel/http';
import { alterSchema, createSchema, dropSchema, type NewSchema } from '../core/ddl/schemas.ts';
import { schemas } from '../sql/catalog/access.ts';
import { bindCreate, bindDelete, bindList, bindRetrieve, bindUpdate, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, text } from './schema.ts';

const resource: Resource = { path: '/schemas', catalog: schemas };

/** `/schemas` */
export function bindSchemas(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);
  bindRetrieve(app, run, resource);
  bindCreate(app, run, resource, bodyOf({ name: text, owner: text }, ['name']), async (session, body: NewSchema) => {
    await session.query(createSchema(body));
    return { name: body.name };
  });
  bindUpdate(
    app,
    run,
    resource,
    bodyOf({ name: text, owner: text }),
    (old: { readonly name: string }, change: Partial<NewSchema>) => alterSchema(old, change),
  );
  bindDelete(app, run, resource, dropSchema);
}
