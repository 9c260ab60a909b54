import type { FastifyInstance } from '#kernel/http';
import { booleanOf } from '../core/filters.ts';
import { types } from '../sql/catalog/code.ts';
import { indexes } from '../sql/catalog/server.ts';
import { bindList, bindRetrieve, type Resource } from './resource.ts';
import type { Run } from './run.ts';

const index: Resource = { path: '/indexes', catalog: indexes };
const type: Resource = {
  path: '/types',
  catalog: (query) => types(booleanOf(query, 'include_array_types') ?? false),
};

/** `/types`, `/indexes`: only to be looked at. */
export function bindTypesAndIndexes(app: FastifyInstance, run: Run): void {
  bindList(app, run, type);
  bindList(app, run, index);
  bindRetrieve(app, run, index);
}
