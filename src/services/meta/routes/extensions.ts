import type { FastifyInstance, FastifyRequest } from '#kernel/http';
import {
  alterExtension,
  createExtension,
  dropExtension,
  type ExtensionChange,
  type NewExtension,
} from '../core/ddl/extensions.ts';
import { booleanOf, type Query } from '../core/filters.ts';
import { findObject } from '../core/objects.ts';
import { extensions } from '../sql/catalog/server.ts';
import { bindCreate, bindList, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, flag, text } from './schema.ts';

const resource: Resource = { path: '/extensions', catalog: extensions };

const newExtension = bodyOf({ name: text, schema: text, version: text, cascade: flag }, ['name']);
const extensionChange = bodyOf({ update: flag, version: text, schema: text });

/** `/extensions`; they go by their names. */
export function bindExtensions(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);
  bindCreate(app, run, resource, newExtension, async (session, body: NewExtension) => {
    await session.query(createExtension(body));
    return { name: body.name };
  });

  app.get('/extensions/:name', (request, reply) =>
    run(request, reply, 404, (session) => findObject(session, extensions, { name: nameOf(request) }, called(request))),
  );

  app.patch('/extensions/:name', { schema: { body: extensionChange } }, (request, reply) =>
    run(request, reply, 400, async (session) => {
      await session.query(alterExtension(nameOf(request), request.body as ExtensionChange));
      return findObject(session, extensions, { name: nameOf(request) }, called(request));
    }),
  );

  app.delete('/extensions/:name', (request, reply) => {
    const cascade = booleanOf(request.query as Query, 'cascade') ?? false;
    return run(request, reply, 400, async (session) => {
      const old = await findObject(session, extensions, { name: nameOf(request) }, called(request));
      await session.query(dropExtension(nameOf(request), cascade));
      return old;
    });
  });
}

const nameOf = (request: FastifyRequest): string => (request.params as { readonly name: string }).name;

const called = (request: FastifyRequest): string => `named ${nameOf(request)}`;
