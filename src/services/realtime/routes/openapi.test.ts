import { expect, test } from 'vitest';
import { type FastifyInstance, openApiOf } from '#kernel/http';
import type { HttpOptions } from './http-options.ts';
import { httpApi, operations } from './openapi.ts';
import { bindRoutes } from './table.ts';

test('the description has exactly the routes that are served', () => {
  const bound: string[] = [];
  const add = (method: string) => (path: string) =>
    void (path.includes('longpoll') || bound.push(`${method} ${path.replace(/:(\w+)/g, '{$1}')}`));
  const app = new Proxy(
    {},
    {
      get: (_target, name: string) =>
        ['get', 'put', 'patch', 'post', 'delete'].includes(name) ? add(name) : () => undefined,
    },
  );
  const settings = { adminBlocked: [], metricsBlocked: [] };
  const options = { settings, context: { clock: { now: () => 0 } } } as unknown as HttpOptions;
  bindRoutes(app as FastifyInstance, options);
  const described = Object.entries(operations).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual(bound.sort());
});

test('what it refers to is there', () => {
  const { components, paths } = openApiOf(httpApi) as { components: Record<string, object>; paths: object };
  const text = JSON.stringify(paths);
  const schemas = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name as string);
  const schemes = [...text.matchAll(/"security":\[\{"(\w+)"/g)].map(([, name]) => name as string);
  expect(new Set(schemas)).toEqual(new Set(Object.keys(components.schemas as object)));
  expect(new Set(schemes)).toEqual(new Set(Object.keys(components.securitySchemes as object)));
});
