import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '#kernel/errors';
import { planner, sourceOf, type Trial } from '../../testing/planning.ts';
import { arrayLiteral } from './conditions.ts';

const { compile } = planner({ PGRST_DB_AGGREGATES_ENABLED: 'true', PGRST_DB_MAX_ROWS: '0' });
const source = (trial: Trial | string) => sourceOf(compile(typeof trial === 'string' ? { target: trial } : trial));
const c = '"api"."clients"';

describe('reads', () => {
  test.each([
    ['/clients', `SELECT ${c}.* FROM ${c}`, []],
    ['/clients?select=', `SELECT ${c}.* FROM ${c}`, []],
    ['/clients?select=id,n:name', `SELECT ${c}."id", ${c}."name" AS "n" FROM ${c}`, []],
    ['/clients?select=id::text,*', `SELECT CAST(${c}."id" AS text) AS "id", ${c}.* FROM ${c}`, []],
    [
      '/clients?order=id.desc.nullslast,name',
      `SELECT ${c}.* FROM ${c} ORDER BY ${c}."id" DESC NULLS LAST, ${c}."name"`,
      [],
    ],
    ['/clients?limit=2&offset=4', `SELECT ${c}.* FROM ${c} LIMIT $1 OFFSET $2`, ['2', '4']],
    ['/clients?offset=0', `SELECT ${c}.* FROM ${c}`, []],
    [
      '/projects?select=meta->a->>0,meta->>"b c"::int',
      `SELECT "api"."projects"."meta"->$1->>$2::int AS "a", CAST("api"."projects"."meta"->>$3 AS int) AS "b c" FROM "api"."projects"`,
      ['a', '+0', 'b c'],
    ],
    ['/projects?select=name->x', `SELECT to_jsonb("api"."projects"."name")->$1 AS "x" FROM "api"."projects"`, ['x']],
    ['/clients?select=count(),id.max()', `SELECT count(*) AS "count", max(${c}."id") AS "max" FROM ${c}`, []],
    [
      '/clients?select=name,id::text.max()::int',
      `SELECT ${c}."name", CAST(max(CAST(${c}."id" AS text)) AS int) AS "max" FROM ${c} GROUP BY 1`,
      [],
    ],
  ])('%s', (target, sql, values) => {
    expect(source(target)).toEqual({ sql, values });
  });

  test.each([
    ['id=eq.1', '"id" = $1', ['1']],
    ['id=not.neq.1', '"id" <> $1', ['1']],
    ['id=gte(any).{1,2}', '"id" >= ANY ($1)', ['{1,2}']],
    ['name=like.*a*', '"name" LIKE $1', ['%a%']],
    ['name=ilike(all).{*a,b*}', '"name" ILIKE ALL ($1)', ['{%a,b%}']],
    ['name=imatch.^a', '"name" ~* $1', ['^a']],
    ['id=in.(1,"a,b")', '"id" = ANY ($1)', ['{"1","a,b"}']],
    ['id=in.()', '"id" = ANY ($1)', ['{}']],
    ['id=is.not_null', '"id" IS NOT NULL', []],
    ['id=is.UNKNOWN', '"id" IS UNKNOWN', []],
    ['id=isdistinct.5', '"id" IS DISTINCT FROM $1', ['5']],
    ['id=adj.(1,2)', '"id" -|- $1', ['(1,2)']],
    ['id=cd.{1}', '"id" <@ $1', ['{1}']],
    ['name=fts(english).a', 'to_tsvector($1, "name") @@ to_tsquery($1, $2)', ['english', 'a']],
    ['name=plfts.a', 'to_tsvector("name") @@ plainto_tsquery($1)', ['a']],
    ['computed=wfts.a', '"computed" @@ websearch_to_tsquery($1)', ['a']],
  ])('%s', (filter, condition, values) => {
    const qualifiedCondition = condition.replace(/"(id|name|computed)"/, `${c}."$1"`);
    const negation = filter.includes('=not.') ? 'NOT ' : '';
    expect(source(`/clients?select=id&${filter}`)).toEqual({
      sql: `SELECT ${c}."id" FROM ${c} WHERE ${negation}${qualifiedCondition}`,
      values,
    });
  });

  test('a column that is a vector already is left alone', () => {
    expect(source('/tasks?select=id&search=fts.a').sql).toContain('WHERE "api"."tasks"."search" @@ to_tsquery($1)');
  });

  test('logic trees', () => {
    const { sql, values } = source('/clients?select=id&id=gt.0&not.or=(id.eq.1,not.and(name.is.null,id.not.eq.2))');
    expect(sql).toContain(
      `WHERE ${c}."id" > $1 AND NOT (${c}."id" = $2 OR NOT (${c}."name" IS NULL AND NOT ${c}."id" = $3))`,
    );
    expect(values).toEqual(['0', '1', '2']);
  });
});

describe('embeds', () => {
  const p = '"api"."projects"';
  test.each([
    [
      '/projects?select=id,clients(name)',
      `SELECT ${p}."id", to_jsonb("projects_clients_1".*) AS "clients" FROM ${p} LEFT JOIN LATERAL ` +
        `(SELECT "clients_1"."name" FROM ${c} AS "clients_1" WHERE "clients_1"."id" = ${p}."client_id") ` +
        'AS "projects_clients_1" ON TRUE',
    ],
    [
      '/projects?select=clients!inner()',
      `SELECT  FROM ${p} INNER JOIN LATERAL (SELECT 1 FROM ${c} AS "clients_1" WHERE "clients_1"."id" = ` +
        `${p}."client_id") AS "projects_clients_1" ON TRUE`,
    ],
    [
      '/clients?select=projects!inner(id)',
      'SELECT COALESCE("clients_projects_1"."clients_projects_1", \'[]\') AS "projects" ' +
        `FROM ${c} INNER JOIN LATERAL (SELECT jsonb_agg("clients_projects_1".*) AS "clients_projects_1" FROM ` +
        `(SELECT "projects_1"."id" FROM ${p} AS "projects_1" WHERE "projects_1"."client_id" = ${c}."id") ` +
        'AS "clients_projects_1") AS "clients_projects_1" ON "clients_projects_1"."clients_projects_1" IS NOT NULL',
    ],
    [
      '/users?select=t:tasks(id)',
      'SELECT COALESCE("users_t_1"."users_t_1", \'[]\') AS "t" FROM "api"."users" LEFT JOIN LATERAL ' +
        '(SELECT jsonb_agg("users_t_1".*) AS "users_t_1" FROM (SELECT "api"."tasks"."id" FROM "api"."tasks", ' +
        '"api"."users_tasks" WHERE "api"."users_tasks"."user_id" = "api"."users"."id" AND ' +
        '"api"."users_tasks"."task_id" = "api"."tasks"."id") AS "users_t_1") AS "users_t_1" ON TRUE',
    ],
    [
      '/projects?select=...clients(client:name)&order=clients(name)',
      `SELECT "projects_clients_1"."client" AS "client" FROM ${p} LEFT JOIN LATERAL (SELECT "clients_1"."name" AS "client" ` +
        `FROM ${c} AS "clients_1" WHERE "clients_1"."id" = ${p}."client_id") AS "projects_clients_1" ON TRUE ` +
        'ORDER BY "projects_clients_1"."client"',
    ],
    [
      '/projects?select=clients(id)&order=clients(name).desc',
      `SELECT (to_jsonb("projects_clients_1".*) - 'pgrst_order_1') AS "clients" FROM ${p} LEFT JOIN LATERAL ` +
        `(SELECT "clients_1"."id", "clients_1"."name" AS "pgrst_order_1" FROM ${c} AS "clients_1" WHERE ` +
        `"clients_1"."id" = ${p}."client_id") AS "projects_clients_1" ON TRUE ORDER BY "projects_clients_1"."pgrst_order_1" DESC`,
    ],
  ])('%s', (target, sql) => {
    expect(source(target).sql).toBe(sql);
  });

  test('null filters join, or in counts look for rows', () => {
    const target = '/clients?select=id,projects()&projects=is.null';
    expect(source(target).sql).toContain('WHERE "clients_projects_1"."clients_projects_1" IS NOT DISTINCT FROM NULL');
    const { text } = compile({ target, headers: { prefer: 'count=exact' } }).steps[1] as { text: string };
    expect(text).toContain(
      `pgrst_source_count AS (SELECT 1 FROM ${c} WHERE NOT EXISTS (SELECT 1 FROM "api"."projects" AS "projects_1" ` +
        `WHERE "projects_1"."client_id" = ${c}."id"))`,
    );
  });

  test('every level has its own page, the bound on rows counts for each', () => {
    const bounded = planner({ PGRST_DB_MAX_ROWS: '5' });
    const { sql, values } = sourceOf(
      bounded.compile({ target: '/clients?select=projects(id,tasks(id))&limit=9&projects.tasks.limit=2' }),
    );
    expect(sql.match(/LIMIT \$\d/g)).toHaveLength(3);
    expect(values).toEqual(['2', '5', '5']);
  });
});

describe('writes', () => {
  const representation = { prefer: 'return=representation' };
  test.each<[Trial, string]>([
    [
      { method: 'POST', target: '/clients', body: '{"name":"x","id":1}' },
      `INSERT INTO ${c}("id", "name") SELECT pgrst_body."id", pgrst_body."name" FROM (SELECT $1::json AS json_data) ` +
        'pgrst_payload, LATERAL (SELECT "id", "name" FROM json_to_record(pgrst_payload.json_data) AS _("id" integer, ' +
        '"name" text)) pgrst_body RETURNING 1',
    ],
    [
      { method: 'POST', target: '/clients', body: '[{},{}]' },
      `INSERT INTO ${c} SELECT  FROM (SELECT $1::json AS json_data) pgrst_payload, LATERAL (SELECT FROM ` +
        'json_array_elements(pgrst_payload.json_data) _) pgrst_body RETURNING 1',
    ],
    [
      {
        method: 'PATCH',
        target: '/projects?id=eq.1&select=name,clients(id)',
        body: '{"name":"x"}',
        headers: representation,
      },
      'UPDATE "api"."projects" SET "name" = pgrst_body."name" FROM (SELECT $1::json AS json_data) pgrst_payload, LATERAL ' +
        '(SELECT "name" FROM json_to_record(pgrst_payload.json_data) AS _("name" text)) pgrst_body ' +
        'WHERE "api"."projects"."id" = $2 RETURNING "api"."projects"."client_id", "api"."projects"."id", "api"."projects"."name"',
    ],
    [{ method: 'PATCH', target: '/clients?id=eq.1', body: '{}' }, `SELECT 1 FROM ${c} WHERE false`],
    [
      { method: 'DELETE', target: '/clients?id=in.(1,2)', headers: representation },
      `DELETE FROM ${c} WHERE ${c}."id" = ANY ($1) RETURNING ${c}.*`,
    ],
  ])('%j', (trial, sql) => {
    expect(source(trial).sql).toBe(sql);
  });

  test('an upsert names the key, or what it is told', () => {
    const upsert = (target: string, resolution: string) =>
      source({ method: 'POST', target, body: '{"id":1,"name":"x"}', headers: { prefer: `resolution=${resolution}` } })
        .sql;
    expect(upsert('/clients', 'merge-duplicates')).toContain(
      'ON CONFLICT ("id") DO UPDATE SET "id" = EXCLUDED."id", "name" = EXCLUDED."name" WHERE ',
    );
    expect(upsert('/clients?on_conflict=name,id', 'ignore-duplicates')).toContain(
      'ON CONFLICT ("name", "id") DO NOTHING',
    );
  });
});

describe('calls', () => {
  test.each<[Trial, string, readonly string[]]>([
    [
      { target: '/rpc/add_them?b=2&a=1&a=3' },
      'SELECT pgrst_call.pgrst_scalar FROM (SELECT "api"."add_them"("b" := $1::integer, "a" := $2::integer) AS pgrst_scalar) pgrst_call',
      ['2', '3'],
    ],
    [
      { target: '/rpc/variadic_sum?v=1&v=2' },
      'SELECT pgrst_call.pgrst_scalar FROM (SELECT "api"."variadic_sum"(VARIADIC "v" := $1::integer[]) AS pgrst_scalar) pgrst_call',
      ['{"1","2"}'],
    ],
    [
      { method: 'POST', target: '/rpc/whole', body: '{"x":1}' },
      'SELECT pgrst_call.pgrst_scalar FROM (SELECT "api"."whole"($1::json) AS pgrst_scalar) pgrst_call',
      ['{"x":1}'],
    ],
    [
      { method: 'POST', target: '/rpc/get_projects?select=id', body: '[{"above":1},{"above":2}]' },
      'SELECT pgrst_call."id" FROM (SELECT $1::json AS json_data) pgrst_payload, LATERAL (SELECT "above" FROM ' +
        'json_to_recordset(pgrst_payload.json_data) AS _("above" integer) LIMIT 1) pgrst_body, LATERAL ' +
        '"api"."get_projects"("above" := pgrst_body."above") pgrst_call',
      ['[{"above":1},{"above":2}]', '1000'],
    ],
  ])('%j', (trial, sql, values) => {
    expect(sourceOf(planner().compile(trial)).sql).toBe(sql);
    expect(sourceOf(planner().compile(trial)).values.slice(0, values.length)).toEqual(values);
  });
});

test('lists are array literals that hold anything', () => {
  expect(arrayLiteral(['a"b', 'c\\d', '', 'NULL', '{e}'])).toBe('{"a\\"b","c\\\\d","","NULL","{e}"}');
  expect(arrayLiteral([''])).toBe('{}');
});

describe('the text depends on the shape of a request, never on its values', () => {
  const name = fc.string({ unit: fc.constantFrom(...'ЖΩ"\'\\;-$()é '.split('')), minLength: 1, maxLength: 10 });
  const value = fc.string({ unit: fc.constantFrom(...'ЖΩ"\'\\;-$(){}é \n%'.split('')), maxLength: 12 });
  const quoted = (text: string) => encodeURIComponent(`"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);

  /** What is left of a statement without quoted identifiers. */
  const bare = (sql: string): string => sql.replace(/"(?:[^"]|"")*"/g, '""');

  test('values', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const target = (text: string) =>
          `/clients?select=id&name=eq.${encodeURIComponent(text)}&or=(name.like.${quoted(text)},name.in.(${quoted(text)}))&limit=3`;
        expect(source(target(one)).sql).toBe(source(target(other)).sql);
      }),
    );
  });

  test('names are nowhere outside quotes', () => {
    fc.assert(
      fc.property(name, name, name, (column, alias, key) => {
        const query =
          `select=${quoted(alias)}:${quoted(column)}->${quoted(key)},${quoted(column)},c:clients(${quoted(alias)})` +
          `&${quoted(column)}=eq.1&order=${quoted(column)}->>${quoted(key)},clients(${quoted(column)})&or=(${quoted(column)}.is.null)`;
        for (const { text } of compile({ target: `/projects?${query}` }).steps) {
          const rest = bare(text);
          expect(rest).not.toMatch(/[ЖΩé;\\]/);
          expect(rest.replaceAll('""', '')).not.toContain('"');
        }
      }),
    );
  });

  test('the same for writes and calls', () => {
    fc.assert(
      fc.property(name, value, (column, text) => {
        const trials: Trial[] = [
          { method: 'DELETE', target: `/clients?${quoted(column)}=eq.${encodeURIComponent(text)}` },
          {
            method: 'PATCH',
            target: `/clients?${quoted(column)}=fts(ЖΩ).${encodeURIComponent(text)}&select=${quoted(column)}`,
            body: JSON.stringify({ name: text }),
            headers: { prefer: 'return=representation' },
          },
          { target: `/rpc/add_them?a=${encodeURIComponent(text.replaceAll('.', ''))}` },
        ];
        for (const trial of trials)
          for (const step of compile(trial).steps) expect(bare(step.text)).not.toMatch(/[ЖΩé;\\]/);
      }),
    );
  });
});

test('whatever a stranger sends is planned or refused', () => {
  const word = fc.constantFrom(
    'select',
    'order',
    'limit',
    'or',
    'id',
    'name',
    'clients',
    'projects',
    'tasks',
    'meta',
    'not',
    'eq',
    'in',
    'is',
    'null',
    'inner',
    'count',
    'sum',
    'a',
  );
  const sign = fc.constantFrom(
    '=',
    '&',
    '(',
    ')',
    ',',
    '.',
    ':',
    '::',
    '->',
    '->>',
    '!',
    '...',
    '*',
    '"',
    '\\',
    '%',
    '-',
    '1',
    '{',
    '}',
    ' ',
  );
  const query = fc.array(fc.oneof(word, sign), { maxLength: 24 }).map((parts) => parts.join(''));
  const trial: fc.Arbitrary<Trial> = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS'),
    target: fc
      .tuple(
        fc.constantFrom('/', '/clients', '/projects', '/users', '/rpc/add_them', '/rpc/get_projects', '/x/y'),
        query,
      )
      .map(([path, text]) => `${path}?${text}`),
    headers: fc.record(
      {
        prefer: fc.constantFrom(
          'return=representation',
          'resolution=merge-duplicates,missing=default',
          'handling=strict,x',
          'count=estimated',
        ),
        accept: fc.constantFrom('text/csv', 'application/vnd.pgrst.object+json', 'a/b', '*/*'),
        'content-type': fc.constantFrom(
          'text/csv',
          'application/json',
          'text/plain',
          'application/x-www-form-urlencoded',
        ),
        range: fc.constantFrom('0-1', '5-2', 'x'),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Record<string, string>>,
    body: fc.constantFrom('', '{}', '[]', '{"id":1}', '[{"id":1},{"id":2}]', '5', '{', 'a,b\n1,2', 'id=1'),
  });
  fc.assert(
    fc.property(trial, (one) => {
      try {
        const plan = planner().plan(one);
        if (plan.kind !== 'describe' && plan.kind !== 'options') compile(one);
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
      }
    }),
    { numRuns: 1_000 },
  );
});
