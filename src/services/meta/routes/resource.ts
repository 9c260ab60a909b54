import type { FastifyInstance, FastifyRequest } from '#kernel/http';
import type { Session } from '#kernel/sql';
import { booleanOf, type Query, readFilters } from '../core/filters.ts';
import { findObject, listObjects, type MetaObject } from '../core/objects.ts';
import type { Catalog } from '../sql/catalog/catalog.ts';
import type { Run } from './run.ts';

/** A kind of object with its routes. */
export interface Resource {
  readonly path: string;
  readonly catalog: Catalog | ((query: Query) => Catalog);
  /** Filters by attributes that the kind has beside those all lists have. */
  readonly where?: (query: Query) => Readonly<Record<string, unknown>>;
  /** What is added to the objects before they are shown; `query` is undefined for a single one. */
  readonly complete?: (
    session: Session,
    objects: readonly MetaObject[],
    query?: Query,
  ) => Promise<readonly MetaObject[]>;
}

const parameters = (request: FastifyRequest): Query => request.query as Query;

/** `GET PATH`. */
export function bindList(app: FastifyInstance, run: Run, resource: Resource): void {
  app.get(resource.path, (request, reply) => {
    const query = parameters(request);
    const selection = { ...readFilters(query), ...(resource.where && { where: resource.where(query) }) };
    const catalog = typeof resource.catalog === 'function' ? resource.catalog(query) : resource.catalog;
    return run(request, reply, 500, async (session) => {
      const objects = await listObjects(session, catalog, selection);
      return resource.complete ? resource.complete(session, objects, query) : objects;
    });
  });
}

/** `GET PATH/ID`. */
export function bindRetrieve(app: FastifyInstance, run: Run, resource: Resource): void {
  app.get(`${resource.path}/:id(^\\d+$)`, (request, reply) =>
    run(request, reply, 404, (session) => retrieve(session, resource, idOf(request))),
  );
}

/** `POST PATH`. `make` gives back the attributes by which the new object is found. */
export function bindCreate<Body>(
  app: FastifyInstance,
  run: Run,
  resource: Resource,
  body: object,
  make: (session: Session, body: Body) => Promise<Readonly<Record<string, unknown>>>,
): void {
  app.post(resource.path, { schema: { body } }, (request, reply) =>
    run(request, reply, 400, async (session) => show(session, resource, await make(session, request.body as Body), '')),
  );
}

/**
 * `PATCH PATH/ID`. `change` is the script that changes it.
 *
 * @param found attributes by which it is found afterwards, where its id may change
 */
export function bindUpdate<Body, Known>(
  app: FastifyInstance,
  run: Run,
  resource: Resource,
  body: object,
  change: (old: Known, body: Body, session: Session) => string | Promise<string>,
  found?: (old: Known, body: Body) => Readonly<Record<string, unknown>>,
): void {
  app.patch(`${resource.path}/:id(^\\d+$)`, { schema: { body } }, (request, reply) =>
    run(request, reply, 400, async (session) => {
      const old = await findObject<Known>(
        session,
        catalogOf(resource),
        { id: idOf(request) },
        `with ID ${idOf(request)}`,
      );
      const body = request.body as Body;
      await session.query(await change(old, body, session));
      return show(session, resource, found?.(old, body) ?? { id: idOf(request) }, `with ID ${idOf(request)}`);
    }),
  );
}

/** `DELETE PATH/ID`, answered with what there was. */
export function bindDelete<Known>(
  app: FastifyInstance,
  run: Run,
  resource: Resource,
  drop: (old: Known, cascade: boolean) => string,
): void {
  app.delete(`${resource.path}/:id(^\\d+$)`, (request, reply) => {
    const cascade = booleanOf(parameters(request), 'cascade') ?? false;
    return run(request, reply, 400, async (session) => {
      const old = await retrieve(session, resource, idOf(request));
      await session.query(drop(old as Known, cascade));
      return old;
    });
  });
}

/** One object as it is shown. @throws ServiceError `object_not_found` */
const retrieve = (session: Session, resource: Resource, id: number): Promise<MetaObject> =>
  show(session, resource, { id }, `with ID ${id}`);

async function show(
  session: Session,
  resource: Resource,
  where: Readonly<Record<string, unknown>>,
  called: string,
): Promise<MetaObject> {
  const found = await findObject(session, catalogOf(resource), where, called);
  return resource.complete ? ((await resource.complete(session, [found]))[0] as MetaObject) : found;
}

const catalogOf = (resource: Resource): Catalog =>
  typeof resource.catalog === 'function' ? resource.catalog({}) : resource.catalog;

const idOf = (request: FastifyRequest): number => Number((request.params as { readonly id: string }).id);
