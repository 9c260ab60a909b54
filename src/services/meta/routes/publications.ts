import type { FastifyInstance } from '#kernel/http';
import {
  alterPublication,
  createPublication,
  dropPublication,
  type KnownPublication,
  type NewPublication,
  type PublicationChange,
} from '../core/ddl/publications.ts';
import { publications } from '../sql/catalog/server.ts';
import { bindCreate, bindDelete, bindList, bindRetrieve, bindUpdate, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, flag, nullable, text, texts } from './schema.ts';

const resource: Resource = { path: '/publications', catalog: publications };

const shared = {
  name: text,
  owner: text,
  publish_insert: flag,
  publish_update: flag,
  publish_delete: flag,
  publish_truncate: flag,
  tables: nullable(texts),
};

/** `/publications` */
export function bindPublications(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);
  bindRetrieve(app, run, resource);
  bindCreate(app, run, resource, bodyOf(shared, ['name']), async (session, body: NewPublication) => {
    await session.query(createPublication(body));
    return { name: body.name };
  });
  bindUpdate(
    app,
    run,
    resource,
    bodyOf(shared),
    (old: KnownPublication, change: PublicationChange) => alterPublication(old, change),
    (old, change) => ({ name: change.name ?? old.name }),
  );
  bindDelete(app, run, resource, dropPublication);
}
