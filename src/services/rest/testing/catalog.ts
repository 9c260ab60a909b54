import { buildSchemaCache } from '../core/cache/build.ts';
import type { SchemaCache } from '../core/cache/model.ts';
import type { Catalog, ColumnCells, KeyRow, RelationColumnsRow, RelationRow, RoutineRow } from '../sql/catalog-rows.ts';

/** Columns of a made-up table: name → declared type. */
type Columns = Readonly<Record<string, string>>;

interface TableSpec {
  readonly columns: Columns;
  readonly key?: readonly string[];
  readonly kind?: RelationRow['kind'];
  /** Constraint → columns, table, its columns. */
  readonly references?: Readonly<Record<string, readonly [readonly string[], string, readonly string[]]>>;
}

interface RoutineSpec {
  readonly parameters: readonly string[];
  readonly returns?: string;
  readonly set?: boolean;
  readonly volatility?: RoutineRow['volatility'];
}

const tables: Readonly<Record<string, TableSpec>> = {
  clients: { columns: { id: 'integer', name: 'text', address: 'text' }, key: ['id'] },
  projects: {
    columns: { id: 'integer', name: 'text', client_id: 'integer', meta: 'jsonb' },
    key: ['id'],
    references: { projects_client_id_fkey: [['client_id'], 'clients', ['id']] },
  },
  tasks: {
    columns: { id: 'integer', name: 'text', project_id: 'integer', done: 'boolean', search: 'tsvector' },
    key: ['id'],
    references: { tasks_project_id_fkey: [['project_id'], 'projects', ['id']] },
  },
  users: { columns: { id: 'integer', name: 'text' }, key: ['id'] },
  users_tasks: {
    columns: { user_id: 'integer', task_id: 'integer' },
    key: ['user_id', 'task_id'],
    references: {
      users_tasks_user_id_fkey: [['user_id'], 'users', ['id']],
      users_tasks_task_id_fkey: [['task_id'], 'tasks', ['id']],
    },
  },
  profiles: {
    columns: { user_id: 'integer', bio: 'text' },
    key: ['user_id'],
    references: { profiles_user_id_fkey: [['user_id'], 'users', ['id']] },
  },
  orders: {
    columns: { id: 'integer', billing_id: 'integer', shipping_id: 'integer' },
    key: ['id'],
    references: {
      billing_fk: [['billing_id'], 'clients', ['id']],
      shipping_fk: [['shipping_id'], 'clients', ['id']],
    },
  },
  employees: {
    columns: { id: 'integer', name: 'text', boss_id: 'integer' },
    key: ['id'],
    references: { employees_boss_id_fkey: [['boss_id'], 'employees', ['id']] },
  },
  no_key: { columns: { a: 'integer' } },
};

const routines: readonly (readonly [name: string, spec: RoutineSpec])[] = [
  ['add_them', { parameters: ['a integer', 'b integer?'] }],
  ['over', { parameters: ['a integer'] }],
  ['over', { parameters: ['a integer', 'b integer'] }],
  ['ambiguous', { parameters: ['a integer'] }],
  ['ambiguous', { parameters: ['a text'] }],
  ['whole', { parameters: [' json'] }],
  ['no_args', { parameters: [] }],
  ['get_projects', { parameters: ['above integer?'], returns: 'projects', set: true, volatility: 's' }],
  ['variadic_sum', { parameters: ['v integer[]*'] }],
];

/** A schema cache without a database, for tests and benchmarks. */
export function madeUpCache(): SchemaCache {
  return buildSchemaCache(madeUpCatalog(), {
    hoistedSettings: ['statement_timeout'],
    timezones: new Set(['UTC', 'Asia/Tokyo']),
  });
}

/** What the made-up cache is built from. */
export function madeUpCatalog(): Catalog {
  const names = Object.keys(tables);
  const oid = (name: string): string => String(1_000 + names.indexOf(name));
  const numbersOf = (table: string, columns: readonly string[]): number[] =>
    columns.map((column) => Object.keys(tables[table]?.columns ?? {}).indexOf(column) + 1);
  const relations = names.map(
    (name): RelationRow => ({
      oid: oid(name),
      schema: 'api',
      name,
      comment: null,
      kind: tables[name]?.kind ?? 'r',
      events: null,
    }),
  );
  const columns = names.map((name) =>
    columnsOf(
      oid(name),
      Object.entries(tables[name]?.columns ?? {}).map(([column, type], index) => columnCells(index + 1, column, type)),
    ),
  );
  const keys = names.flatMap((name): KeyRow[] => {
    const { key, references = {} } = tables[name] as TableSpec;
    const base = { relation: oid(name), foreign_relation: null, foreign_numbers: null, foreign_columns: null };
    const primary: KeyRow[] =
      key === undefined
        ? []
        : [{ ...base, kind: 'p', name: `${name}_pkey`, columns: key, numbers: numbersOf(name, key) }];
    const foreign = Object.entries(references).map(
      ([constraint, [near, target, far]]): KeyRow => ({
        ...base,
        kind: 'f',
        name: constraint,
        columns: near,
        numbers: numbersOf(name, near),
        foreign_relation: oid(target),
        foreign_columns: far,
        foreign_numbers: numbersOf(target, far),
      }),
    );
    return [...primary, ...foreign];
  });
  return {
    schemas: ['api', 'other'],
    relations,
    columns,
    keys,
    views: [],
    routines: routines.map(([name, spec], index) => routineRow(name, spec, index)),
    computedRelationships: [],
    representations: [],
    mediaAggregates: [],
    roleSettings: [
      { role: 'anon', name: 'statement_timeout', value: '3s' },
      { role: 'careful', name: 'default_transaction_isolation', value: 'serializable' },
    ],
  };
}

/** The columns of a relation as the catalogue query has them. */
export const columnsOf = (relation: string, cells: readonly ColumnCells[]): RelationColumnsRow => ({
  relation,
  columns: JSON.stringify(cells),
});

/** A column without anything special. */
export function columnCells(number: number, name: string, type: string): ColumnCells {
  const bases: Readonly<Record<string, string>> = { integer: 'int4', boolean: 'bool' };
  return [number, name, null, name !== 'id', type, type, bases[type] ?? type, null, null, null, null];
}

function routineRow(
  name: string,
  { parameters, returns, set = false, volatility = 'i' }: RoutineSpec,
  index: number,
): RoutineRow {
  return {
    oid: String(5_000 + index),
    schema: 'api',
    name,
    comment: null,
    parameters: parameters.map((text) => {
      const [, of = '', type = '', mark] = /^(\S*) (.*?)([?*]?)$/.exec(text) ?? [];
      return { name: of, type, required: mark !== '?', variadic: mark === '*' };
    }),
    return_schema: returns === undefined ? 'pg_catalog' : 'api',
    return_name: returns ?? 'int4',
    returns_set: set,
    returns_composite: returns !== undefined,
    returns_void: false,
    media_type: null,
    media_base: null,
    volatility,
    variadic: parameters.some((text) => text.endsWith('*')),
    settings: null,
  };
}
