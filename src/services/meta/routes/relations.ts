import type { FastifyInstance } from '#kernel/http';
import { booleanOf } from '../core/filters.ts';
import { withColumns } from '../core/objects.ts';
import { foreignTables, materializedViews, views } from '../sql/catalog/relations.ts';
import { bindList, bindRetrieve, type Resource } from './resource.ts';
import type { Run } from './run.ts';

const resources: readonly Resource[] = [
  { path: '/views', catalog: views, complete: withColumns },
  {
    path: '/materialized-views',
    catalog: materializedViews,
    // Their lists show columns only to who asks, as upstream has it.
    complete: (session, objects, query) =>
      query && booleanOf(query, 'include_columns') !== true
        ? Promise.resolve(objects)
        : withColumns(session, objects, query),
  },
  { path: '/foreign-tables', catalog: foreignTables, complete: withColumns },
];

/** `/views`, `/materialized-views`, `/foreign-tables` */
export function bindRelations(app: FastifyInstance, run: Run): void {
  for (const resource of resources) {
    bindList(app, run, resource);
    bindRetrieve(app, run, resource);
  }
}
