import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type MetaServer, richSchema, startMeta } from './testing/meta-server.ts';
import { startOriginal } from './testing/original.ts';

// The original is slow to answer on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

// The original and this room, each on a database of its own with the same schema, are asked the same.
let databases: TestDatabase[];
let original: MetaServer;
let ours: MetaServer;
beforeAll(async () => {
  databases = [await testDatabase(), await testDatabase()];
  for (const database of databases) await database.query(richSchema);
  const [first, second] = databases as [TestDatabase, TestDatabase];
  original = await startOriginal(first.connection('supabase_admin'));
  ours = await startMeta(() => second.connection('supabase_admin'));
}, 120_000);
afterAll(async () => {
  await ours?.stop();
  await original?.stop();
  for (const database of databases) await database.drop();
});

/** Ids differ between the databases; what they lead to is compared by name. */
const ids = /^(id|oid|.*_id|class|collation)$/;
/** Depends on the moment. */
const volatile = new Set([
  'live_rows_estimate',
  'dead_rows_estimate',
  'active_connections',
  'bytes',
  'size',
  'file',
  'line',
  'routine',
]);

function comparable(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(comparable).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !ids.test(key) && !volatile.has(key));
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, comparable(inner)]),
  );
}

const lists = [
  '/tables',
  '/tables?included_schemas=public&include_columns=false',
  '/tables?excluded_schemas=public',
  '/tables?include_system_schemas=true&include_columns=false',
  '/columns',
  '/columns?included_schemas=shop',
  '/views',
  '/views?include_system_schemas=true',
  '/materialized-views',
  '/materialized-views?include_columns=true',
  '/foreign-tables',
  '/policies',
  '/publications',
  '/roles',
  '/roles?include_default_roles=true',
  '/schemas',
  '/schemas?include_system_schemas=true',
  '/functions',
  '/functions?include_system_schemas=true&included_schemas=pg_catalog',
  '/extensions',
  '/types',
  '/types?include_array_types=true',
  '/types?include_system_schemas=true',
  '/table-privileges',
  '/column-privileges',
  '/tables?limit=abc',
  '/tables?include_columns=perhaps',
  '/nowhere',
  '/tables/abc',
  '/columns/1.x',
  '/tables/1',
  '/columns/1.1',
  '/views/1',
  '/materialized-views/1',
  '/policies/1',
  '/publications/1',
  '/roles/1',
  '/schemas/1',
  '/triggers/1',
  '/functions/1',
  '/indexes/1',
  '/extensions/nothing',
  '/extensions/file_fdw',
];

describe('lists and single objects', () => {
  it.each(lists)('%s', async (path) => {
    const [theirs, own] = [await original.ask('GET', path), await ours.ask('GET', path)];
    expect(own.status).toBe(theirs.status);
    expect(comparable(own.body)).toEqual(comparable(theirs.body));
  });

  it('triggers, but for TRUNCATE, which the original does not see', async () => {
    const withoutTruncate = (body: unknown) =>
      (body as { events: string[] }[]).map((trigger) => ({
        ...trigger,
        events: trigger.events.filter((event) => event !== 'TRUNCATE'),
      }));
    const [theirs, own] = [await original.ask('GET', '/triggers'), await ours.ask('GET', '/triggers')];
    expect(comparable(withoutTruncate(own.body))).toEqual(comparable(theirs.body));
  });

  it('indexes; the original leaves out those, and attributes of those, that are not on the first columns', async () => {
    type Index = { index_definition: string; index_attributes: { attribute_number: number }[] };
    const [theirs, own] = [await original.ask('GET', '/indexes'), await ours.ask('GET', '/indexes')];
    const byDefinition = new Map((own.body as Index[]).map((index) => [index.index_definition, index]));
    const nameOf = ({ index_definition }: Index) => / INDEX (\S+) ON /.exec(index_definition)?.[1];
    const names = (own.body as Index[]).map(nameOf);
    // It takes an index for one of the same name in another schema.
    const unmistakable = (index: Index) => names.filter((name) => name === nameOf(index)).length === 1;
    for (const index of (theirs.body as Index[]).filter(unmistakable)) {
      const found = byDefinition.get(index.index_definition);
      expect(found, index.index_definition).toBeDefined();
      if (!found) continue;
      const numbers = index.index_attributes.map(({ attribute_number }) => attribute_number);
      const attributes = found.index_attributes.filter(({ attribute_number }) => numbers.includes(attribute_number));
      // It holds ids.
      const unlike = { index_predicate: undefined };
      expect(comparable({ ...found, ...unlike, index_attributes: attributes })).toEqual(
        comparable({ ...index, ...unlike }),
      );
    }
  });

  it('settings of the server, but for where they were set', async () => {
    const named = (body: unknown) =>
      (body as Record<string, unknown>[]).map(({ name, category, group, subgroup, vartype, enumvals, min_val }) => [
        ...[name, category, group, vartype, enumvals, min_val],
        // The original cuts `I/O` at the stroke.
        String(subgroup).split('/')[0],
      ]);
    const [theirs, own] = [await original.ask('GET', '/config'), await ours.ask('GET', '/config')];
    expect(named(own.body).sort()).toEqual(named(theirs.body).sort());
  });
});

describe('generated TypeScript is the same to the byte', () => {
  it.each([
    '',
    '?included_schemas=public',
    '?included_schemas=shop,public&detect_one_to_one_relationships=true',
    '?excluded_schemas=public&postgrest_version=14',
  ])('%s', async (query) => {
    const [theirs, own] = [
      await original.ask('GET', `/generators/typescript${query}`),
      await ours.ask('GET', `/generators/typescript${query}`),
    ];
    expect(own.body).toBe(theirs.body);
  });
});

describe('queries', () => {
  it.each<[string, unknown]>([
    ['', { query: 'select 1 as a; select 2 as b; create table if not exists zz ()' }],
    ['', {}],
    ['', { query: '' }],
    ['', { query: 'selec 1\nfrom x' }],
    ['', { query: 'select 1,\n  nope\nfrom public.users' }],
    ['?statementTimeoutSecs=1', { query: 'select pg_sleep(3)' }],
    ['?statementTimeoutSecs=abc', { query: 'select 1' }],
    ['', { query: 'select $1::int as a, $2::text as b', parameters: [1, 'x'] }],
    [
      '',
      {
        query: `select 9007199254740993::int8 b, date '2026-01-02' d, array[1,2] a, null n, 1.5::numeric x, '{"a":1}'::json j`,
      },
    ],
    [
      '',
      {
        query: `select timestamptz '2026-01-02 03:04:05+00' at time zone 'UTC' t, interval '1 day' i, point '(1,2)' p, array[1::int8] b`,
      },
    ],
    [
      '',
      { query: 'do $$ begin raise exception using message = $a$boo$a$, detail = $a$de$a$, hint = $a$hi$a$; end $$' },
    ],
    ['', { query: 'select 1 where false' }],
    ['/parse', { query: 'select id, $1 from public.users u where a in (1, 2)' }],
    ['/parse', { query: 'select id, from' }],
    [
      '/format',
      {
        query:
          'SELECT id, Name FROM public.users u LEFT JOIN todos t ON t.id=u.id WHERE x = 1 order by 1; insert into foo(a,b) values (1,2)',
      },
    ],
  ])('%s %j', async (path, body) => {
    const [theirs, own] = [
      await original.ask('POST', `/query${path}`, body),
      await ours.ask('POST', `/query${path}`, body),
    ];
    expect(own.status).toBe(theirs.status);
    const withoutLength = (value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, length: 0 } : value;
    expect(comparable(withoutLength(own.body))).toEqual(comparable(withoutLength(theirs.body)));
  });

  it('deparses what it parsed', async () => {
    const query = 'SELECT id FROM public.users WHERE (name = $1)';
    const answers = [];
    for (const server of [original, ours]) {
      const { body: ast } = await server.ask('POST', '/query/parse', { query });
      answers.push(await server.ask('POST', '/query/deparse', { ast }));
    }
    expect(answers[1]).toEqual(answers[0]);
  });
});

/** Steps of one story; `:name` in a path stands for an id that an earlier step gave. */
type Step = readonly [method: string, path: string, body?: unknown, keepId?: string];

const story: readonly Step[] = [
  ['POST', '/tables', {}],
  ['POST', '/tables', { name: 't1', comment: "it's new" }, 't'],
  ['POST', '/tables', { name: 't1' }],
  ['POST', '/columns', { table_id: ':t', name: 'id', type: 'int8', is_identity: true, default_value: '1' }],
  ['POST', '/columns', { table_id: ':t', name: 'id', type: 'int8', is_identity: true, is_primary_key: true }],
  [
    'POST',
    '/columns',
    {
      table_id: ':t',
      name: 'e',
      type: 'mood',
      default_value: 'sad',
      default_value_format: 'literal',
      is_unique: true,
      is_nullable: false,
      comment: 'x',
    },
  ],
  ['POST', '/columns', { table_id: ':t', name: 'n', type: 'int4', check: 'n > 0' }],
  ['POST', '/columns', { table_id: ':t', name: 'list', type: 'int4[]' }],
  [
    'POST',
    '/columns',
    { table_id: ':t', name: 'at', type: 'timestamptz', default_value: 'now()', default_value_format: 'expression' },
  ],
  ['POST', '/columns', { table_id: 1, name: 'x', type: 'int4' }],
  ['PATCH', '/columns/:t.2', { name: 'ee', is_unique: false, is_nullable: true, drop_default: true, comment: 'new' }],
  ['PATCH', '/columns/:t.3', { type: 'int8', check: 'n > 5', default_value: 7 }],
  ['PATCH', '/columns/:t.3', { check: null, is_nullable: false }],
  ['PATCH', '/columns/:t.1', { identity_generation: 'ALWAYS' }],
  ['PATCH', '/columns/:t.1', { is_identity: false }],
  ['PATCH', '/columns/:t.99', { name: 'x' }],
  ['DELETE', '/columns/:t.4'],
  ['DELETE', '/columns/:t.4?cascade=true'],
  ['PATCH', '/tables/:t', { name: 't2', rls_enabled: true, rls_forced: true, replica_identity: 'FULL', comment: 'c' }],
  ['PATCH', '/tables/:t', { primary_keys: [{ name: 'id' }, { name: 'n' }] }],
  ['PATCH', '/tables/:t', { primary_keys: [] }],
  ['GET', '/tables/:t'],
  ['GET', '/columns/:t'],
  ['GET', '/columns/:t.2'],
  ['DELETE', '/tables/:t?cascade=true'],
  ['DELETE', '/tables/:t'],
  ['PATCH', '/tables/1', { name: 'x' }],
  ['POST', '/policies', { name: 'p1', table: 'memes' }, 'p'],
  [
    'POST',
    '/policies',
    {
      name: 'p2',
      table: 'memes',
      definition: 'true',
      check: 'id > 1',
      action: 'RESTRICTIVE',
      command: 'UPDATE',
      roles: ['anon', 'authenticated'],
    },
    'p2',
  ],
  ['POST', '/policies', { name: 'p3', table: 'memes', roles: ['nobody here'] }],
  ['PATCH', '/policies/:p', { name: 'p1b', definition: 'id = 1', check: 'id = 2', roles: ['anon'] }],
  ['DELETE', '/policies/:p2'],
  ['POST', '/schemas', { name: 's1' }, 's'],
  ['POST', '/schemas', { name: 's2', owner: 'anon' }],
  ['POST', '/schemas', {}],
  ['PATCH', '/schemas/:s', { name: 's1b', owner: 'authenticated' }],
  ['DELETE', '/schemas/:s?cascade=true'],
  [
    'POST',
    '/triggers',
    {
      name: 'tr1',
      table: 'memes',
      function_name: 'touch',
      function_args: ['a', 'b'],
      activation: 'BEFORE',
      events: ['INSERT', 'UPDATE'],
      orientation: 'ROW',
      condition: 'new.id > 0',
    },
    'tr',
  ],
  [
    'POST',
    '/triggers',
    { name: 'tr2', table: 'memes', function_name: 'touch', activation: 'AFTER', events: ['DELETE'] },
  ],
  ['PATCH', '/triggers/:tr', { name: 'tr1b', enabled_mode: 'ALWAYS' }],
  ['DELETE', '/triggers/:tr'],
  ['POST', '/functions', { name: 'f2', definition: 'select 1' }],
  [
    'POST',
    '/functions',
    {
      name: 'f1',
      definition: 'select a + b',
      args: ['a int', 'b int'],
      return_type: 'int',
      behavior: 'STABLE',
      security_definer: true,
    },
    'f',
  ],
  ['PATCH', '/functions/:f', { name: 'f1b', schema: 'shop', definition: 'select a - b' }],
  ['PATCH', '/functions/:f', { definition: 'select a syntax error from' }],
  ['DELETE', '/functions/:f'],
  ['POST', '/extensions', { name: 'hstore', schema: 'shop' }],
  ['PATCH', '/extensions/hstore', { schema: 'public' }],
  ['PATCH', '/extensions/hstore', { update: true }],
  ['DELETE', '/extensions/hstore'],
  ['DELETE', '/extensions/nothing'],
  ['POST', '/extensions', { name: 'nothing' }],
  ['POST', '/publications', { name: 'pub1', tables: ['public.users', 'shop.goods'] }, 'pub'],
  ['POST', '/publications', { name: 'pub2', publish_insert: true, tables: null }],
  ['POST', '/publications', { name: 'pub3' }],
  [
    'PATCH',
    '/publications/:pub',
    { name: 'pub1b', publish_delete: true, owner: 'supabase_admin', tables: ['public.memes'] },
  ],
  [
    'POST',
    '/table-privileges',
    [
      { relation_id: ':memes', grantee: 'anon', privilege_type: 'SELECT' },
      { relation_id: ':memes', grantee: 'public', privilege_type: 'UPDATE', is_grantable: false },
    ],
  ],
  ['DELETE', '/table-privileges', [{ relation_id: ':memes', grantee: 'anon', privilege_type: 'ALL' }]],
  [
    'POST',
    '/column-privileges',
    [{ column_id: ':memes.2', grantee: 'anon', privilege_type: 'SELECT', is_grantable: true }],
  ],
  ['DELETE', '/column-privileges', [{ column_id: ':memes.2', grantee: 'anon', privilege_type: 'SELECT' }]],
  ['POST', '/table-privileges', {}],
];

it('a story of changes is told in the same way', async () => {
  const known = [new Map<string, string>(), new Map<string, string>()] as const;
  for (const [index, database] of databases.entries()) {
    const [row] = await database.query<{ id: string }>(`select 'public.memes'::regclass::oid::text as id`);
    known[index as 0 | 1].set('memes', (row as { id: string }).id);
  }
  for (const [method, path, body, keepId] of story) {
    const answers = [];
    for (const [index, server] of [original, ours].entries()) {
      const here = known[index as 0 | 1];
      const put = (text: string) => text.replace(/:([a-z]+\d?)\b/g, (whole, name: string) => here.get(name) ?? whole);
      const sent =
        body === undefined ? undefined : (JSON.parse(put(JSON.stringify(body)).replace(/"(\d+)"/g, '$1')) as unknown);
      const answer = await server.ask(method, put(path), sent);
      if (keepId) here.set(keepId, String((answer.body as { id: number }).id));
      answers.push({ status: answer.status, body: withoutIds(comparable(answer.body), here) });
    }
    expect(answers[1], `${method} ${path} ${JSON.stringify(body)}`).toEqual(answers[0]);
  }
});

// Messages name ids too.
function withoutIds(body: unknown, known: ReadonlyMap<string, string>): unknown {
  let text = JSON.stringify(body);
  for (const [name, id] of known) text = text.replaceAll(id, `:${name}`);
  return JSON.parse(text);
}
