import { describe, expect, test } from 'vitest';
import { viewOrigins } from '#kernel/sql';
import { columnRows, type RelationColumnsRow } from '../../sql/catalog-rows.ts';
import { columnCells, columnsOf, madeUpCache, madeUpCatalog } from '../../testing/catalog.ts';
import { buildSchemaCache } from './build.ts';
import { shownColumns } from './view-columns.ts';
import { finish } from './work.ts';

const entry = (number: number, table: number, column: number, name = 'x') =>
  `{TARGETENTRY :expr {VAR :varno 1 :targetList ({TARGETENTRY :resno 9 :resorigtbl 9 :resorigcol 9})} :resno ${number} ` +
  `:resname ${name} :ressortgroupref 0 :resorigtbl ${table} :resorigcol ${column} :resjunk false}`;
const view = (...entries: string[]) =>
  `({QUERY :commandType 1 :cteList ({CTE :ctequery {QUERY :targetList (${entry(1, 7, 7)})}}) :jointree <> ` +
  `:targetList (${entries.join(' ')}) :override 0})`;

describe('where the columns of views come from', () => {
  test('only the outer query counts, and only plain references', () => {
    expect(viewOrigins(view(entry(1, 100, 2), entry(2, 0, 0), entry(3, 200, 1, 'odd\\ \\(name\\}')))).toEqual([
      { number: 1, relation: '100', origin: 2 },
      { number: 3, relation: '200', origin: 1 },
    ]);
  });

  test.each(['', '(', '({QUERY', '({QUERY :targetList (', '({QUERY :targetList <>})', 'x\\'])('%j has none', (text) => {
    expect(viewOrigins(text)).toEqual([]);
  });

  test('chains are followed to the table, rings lead nowhere', () => {
    const shown = finish(
      shownColumns([
        { relation: 'v1', action: view(entry(1, 100, 2)) },
        { relation: 'v2', action: view(entry(1, 0, 0), entry(2, 100, 2), entry(3, 100, 2)) },
        { relation: 'ring', action: view(entry(1, 1, 1)).replaceAll('resorigtbl 1 ', 'resorigtbl ring ') },
      ]),
    );
    expect(shown.get('100.2')).toEqual(
      new Map([
        ['v1', [1]],
        ['v2', [2, 3]],
      ]),
    );
    expect(shown.size).toBe(1);
  });
});

describe('the cache', () => {
  const cache = madeUpCache();

  test('tables with their columns and keys', () => {
    expect(cache.tables.get('api')?.get('users_tasks')).toMatchObject({
      schema: 'api',
      isView: false,
      insertable: true,
      primaryKey: ['task_id', 'user_id'],
    });
    expect(cache.tables.get('api')?.get('projects')?.columns.get('meta')).toMatchObject({
      isJson: true,
      declaredType: 'jsonb',
    });
    expect(cache.tables.get('other')?.size).toBe(0);
  });

  test('relationships both ways, and through junctions', () => {
    const kinds = (name: string) =>
      cache.relationships
        .get('api')
        ?.get(name)
        ?.map(({ kind, foreignTable, isSelf }) => `${kind} ${foreignTable.name}${isSelf ? ' (self)' : ''}`)
        .sort();
    expect(kinds('projects')).toEqual(['many-to-one clients', 'one-to-many tasks']);
    expect(kinds('users')).toEqual(['many-to-many tasks', 'one-to-many users_tasks', 'one-to-one profiles']);
    expect(kinds('employees')).toEqual(['many-to-one employees (self)', 'one-to-many employees (self)']);
  });

  test('what is not exposed does not relate', () => {
    const catalog = madeUpCatalog();
    const hidden = {
      ...catalog,
      relations: catalog.relations.map((one) => (one.name === 'clients' ? { ...one, schema: 'hidden' } : one)),
    };
    const without = buildSchemaCache(hidden, { hoistedSettings: [], timezones: new Set() });
    expect(without.tables.get('api')?.has('clients')).toBe(false);
    expect(
      without.relationships
        .get('api')
        ?.get('projects')
        ?.map(({ foreignTable }) => foreignTable.name),
    ).toEqual(['tasks']);
    expect(without.relationships.has('hidden')).toBe(false);
  });

  test('a view takes over keys whose columns it all shows, each way it can', () => {
    const catalog = madeUpCatalog();
    const oid = (name: string) => catalog.relations.find((one) => one.name === name)?.oid as string;
    const orders = oid('orders');
    const ofOrders = catalog.columns.find(({ relation }) => relation === orders) as RelationColumnsRow;
    const number = (column: string) => columnRows(ofOrders).find(({ name }) => name === column)?.number as number;
    const names = ['order_id', 'payer', 'payer_again'];
    const withView = {
      ...catalog,
      relations: [
        ...catalog.relations,
        { oid: '9000', schema: 'api', name: 'order_view', comment: null, kind: 'v' as const, events: 8 },
      ],
      columns: [
        ...catalog.columns,
        columnsOf(
          '9000',
          names.map((name, index) => columnCells(index + 1, name, 'integer')),
        ),
      ],
      views: [
        {
          relation: '9000',
          action: view(
            entry(1, Number(orders), number('id')),
            entry(2, Number(orders), number('billing_id')),
            entry(3, Number(orders), number('billing_id')),
          ),
        },
      ],
    };
    const cache2 = buildSchemaCache(withView, { hoistedSettings: [], timezones: new Set() });
    const table = cache2.tables.get('api')?.get('order_view');
    expect(table).toMatchObject({ isView: true, primaryKey: ['order_id'], insertable: true, updatable: false });
    const ways = cache2.relationships.get('api')?.get('order_view') ?? [];
    expect(ways.map((one) => 'columns' in one && one.columns)).toEqual([[['payer', 'id']], [['payer_again', 'id']]]);
  });

  test('functions: overloads together, unnamed parameters only where the body can be one', () => {
    const routines = cache.routines.get('api');
    expect(routines?.get('over')).toHaveLength(2);
    expect(routines?.get('whole')?.[0]?.parameters).toMatchObject([{ name: '', type: 'json' }]);
    const catalog = madeUpCatalog();
    const unnamed = {
      ...(catalog.routines[0] as (typeof catalog.routines)[number]),
      name: 'no',
      parameters: [{ name: '', type: 'integer', required: true, variadic: false }],
    };
    const other = buildSchemaCache({ ...catalog, routines: [unnamed] }, { hoistedSettings: [], timezones: new Set() });
    expect(other.routines.get('api')?.size).toBe(0);
  });

  test('settings of roles: the isolation apart', () => {
    expect(cache.roles.get('careful')).toEqual({ isolation: 'serializable', settings: [] });
    expect(cache.roles.get('anon')).toEqual({ isolation: undefined, settings: [['statement_timeout', '3s']] });
  });
});
