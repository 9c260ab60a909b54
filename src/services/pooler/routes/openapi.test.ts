import { expect, test } from 'vitest';
import type { FastifyInstance } from '#kernel/http';
import { openApiDocument, operations } from './openapi.ts';
import { bindRoutes, type RouteContext } from './table.ts';

test('the description has exactly the routes that are served, and says who may', () => {
  const bound: string[] = [];
  const guarded = new Map<string, unknown>();
  const add =
    (method: string) =>
    (path: string, ...rest: unknown[]) => {
      const key = `${method} ${path.replace(/:(\w+)/g, '{$1}')}`;
      bound.push(key);
      guarded.set(key, (rest[0] as { preHandler?: unknown }).preHandler);
    };
  const app = { get: add('get'), put: add('put'), post: add('post'), delete: add('delete') };
  const [api, metricsAccess] = [async () => undefined, async () => undefined];
  bindRoutes(app as unknown as FastifyInstance, { api, metricsAccess, version: '1' } as unknown as RouteContext);
  const described = Object.entries(operations).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { access }]) => {
      const key = `${method} ${path}`;
      expect([key, guarded.get(key)]).toEqual([key, access && { api, metrics: metricsAccess }[access]]);
      return key;
    }),
  );
  expect(described.sort()).toEqual(bound.sort());
});

test('what it refers to is there', () => {
  const text = JSON.stringify(openApiDocument('2.7.4'));
  const { schemas } = (openApiDocument('2.7.4') as { components: { schemas: object } }).components;
  const named = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name as string);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect(schemas).toHaveProperty(name);
});
