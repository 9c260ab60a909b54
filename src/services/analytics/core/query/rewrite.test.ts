import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rewriteQuery } from './rewrite.ts';
import { statementFor } from './run-query.ts';
import { dialectOf, readTokens } from './tokens.ts';

const body = (sql: string, safe = false) => rewriteQuery(sql, dialectOf(sql), { schema: 's', safe }).body;
const from = 'from edge_logs cross join unnest(metadata) as m cross join unnest(m.request) as request';

describe('paths through unnest', () => {
  test.each([
    [
      `select id, edge_logs.timestamp, event_message, request.method, request.headers.user_agent ${from} limit 5`,
      `select id, edge_logs . timestamp, event_message, ("metadata" #> '{"request","method"}') as "method", ("metadata" #> '{"request","headers","user_agent"}') as "user_agent" from edge_logs limit 5`,
    ],
    [`select request.path as p ${from}`, `select ("metadata" #> '{"request","path"}') as p from edge_logs`],
    [
      `select count(*) as count ${from} where request.method = 'GET' and m.response.status_code >= 500`,
      `select count ( * ) as count from edge_logs where ("metadata" #>> '{"request","method"}') = 'GET' and (("metadata" #>> '{"response","status_code"}'))::numeric >= 500`,
    ],
    [
      `select t.id from edge_logs as t cross join unnest(t.metadata) as m left join unnest(m.response) as r on true where r.status_code between 400 and 499`,
      `select t . id from edge_logs as t where (("t"."metadata" #>> '{"response","status_code"}'))::numeric between 400 and 499`,
    ],
    [
      `select 1 from edge_logs, unnest(metadata) m where m.x in (1, 2) or 500 <= m.y or m.z not in ('a')`,
      `select 1 from edge_logs where (("metadata" #>> '{"x"}'))::numeric in (1 , 2) or 500 <= (("metadata" #>> '{"y"}'))::numeric or ("metadata" #>> '{"z"}') not in ('a')`,
    ],
    [
      `select request.method, count(*) as c ${from} group by request.method order by c desc`,
      `select ("metadata" #> '{"request","method"}') as "method", count ( * ) as c from edge_logs group by ("metadata" #> '{"request","method"}') order by c desc`,
    ],
  ])('%s', (sql, expected) => expect(tight(body(sql))).toBe(tight(expected)));

  test('where a value may be no number, it is looked for', () => {
    expect(body('select 1 from edge_logs cross join unnest(metadata) as m where m.x > 1', true)).toContain(
      's.as_number(',
    );
  });

  test('a query inside knows the names outside, and its own stay inside', () => {
    const sql = `select (select count(*) from unnest(m.list) as l) from edge_logs cross join unnest(metadata) as m where exists (select 1 from postgres_logs cross join unnest(metadata) as p where p.x = m.y)`;
    const text = body(sql);
    expect(text).toContain(`("metadata" #>> '{"x"}') = ("metadata" #>> '{"y"}')`);
  });

  test('unnest of what is no path stays', () => {
    expect(body(`select x from unnest(string_to_array('a,b', ',')) as x`)).toContain('unnest');
  });
});

describe('what BigQuery has in another form', () => {
  test.each([
    [`regexp_contains(event_message, r'^a\\d')`, `(event_message ~ E'^a\\\\d')`],
    [`regexp_contains(event_message, "it's")`, `(event_message ~ 'it''s')`],
    [`countif(true)`, `count(*) filter (where true)`],
    [`date_trunc('minute', timestamp)`, `date_trunc ('minute' , timestamp)`],
    [`timestamp_trunc(t.timestamp, minute)`, `date_trunc('minute', t . "timestamp")`],
    [`timestamp_sub(current_timestamp(), interval 5 minute)`, `(current_timestamp - interval '5 minute')`],
    [`datetime(t.timestamp, 'UTC')`, `((t . "timestamp")::timestamptz at time zone 'UTC')`],
    [`cast(x as int64)`, `cast(x as bigint)`],
    [`cast(timestamp as datetime)`, `cast("timestamp" as timestamp)`],
    [`safe_cast(x as int64)`, `s.as_number((x)::text)::bigint`],
    [`safe_cast(x as bool)`, `s.as_boolean((x)::text)`],
    [`ifnull(x, 'none')`, `coalesce(x, 'none')`],
    [`starts_with(x, 'a')`, `starts_with (x , 'a')`],
    [`approx_quantiles(x, 100)[offset(95)]`, `percentile_cont(0.95) within group (order by x)`],
    [`approx_count_distinct(x)`, `count(distinct x)`],
    [`timestamp_diff(a, b, second)`, `floor(extract(epoch from (a - b)) / 1)::bigint`],
    [`if(a, 1, 2)`, `(case when a then 1 else 2 end)`],
    [`safe_divide(a, b)`, `((a)::numeric / nullif((b)::numeric, 0))`],
    [`x::int64`, `x :: bigint`],
  ])('%s', (call, expected) =>
    expect(tight(body(`select ${call} from \`edge_logs\` as t`))).toBe(
      tight(`select ${expected} from "edge_logs" as t`),
    ),
  );

  test('a comma before FROM, comments and double-quoted texts', () => {
    const sql = `select -- all\n timestamp_trunc(t.timestamp, hour) as timestamp, count(*) as c, # ours\n from edge_logs as t /* x */ where event_message = "a" group by timestamp;`;
    expect(tight(body(sql))).toBe(
      tight(
        `select date_trunc('hour', t . "timestamp") as "timestamp", count ( * ) as c from edge_logs as t where event_message = 'a' group by "timestamp"`,
      ),
    );
  });

  test('PostgreSQL’s own SQL stays as it is', () => {
    const sql = `select metadata #>> '{request,path}' as "Path", event_message::text from edge_logs where event_message like '%\\d%' and metadata @> '{"a":1}'`;
    expect(dialectOf(sql)).toBe('postgres');
    expect(tight(body(sql))).toBe(tight(sql.replace(`'%\\d%'`, `E'%\\\\d%'`)));
  });
});

const tight = (text: string): string => text.replaceAll(/\s+/g, '').replaceAll('"timestamp"', 'timestamp');

describe('the whole statement', () => {
  const options = { schema: 's', maxRows: 7 };

  test('names the views that are asked for, within the span of time', () => {
    const { text, values } = statementFor(
      {
        sql: 'with a as (select id from auth_logs) select * from a join edge_logs e on e.id = a.id',
        from: 'F',
        to: 'T',
      },
      options,
      false,
    );
    expect(text).toMatch(
      /^with auth_logs as not materialized \(select \* from s\.auth_logs where timestamp >= \$1::timestamptz and timestamp <= \$2::timestamptz\), edge_logs as not materialized /,
    );
    expect(text).toContain('a as ');
    expect(text).not.toContain('a as not materialized');
    expect(text).toMatch(/\) as result limit 7$/);
    expect(values).toEqual(['F', 'T']);
  });

  test('a stream without a view is asked for by its name', () => {
    const { text } = statementFor({ sql: 'select id from `my.stream`' }, options, false);
    expect(text).toContain(`"my.stream" as not materialized (select * from s.all_logs where source = 'my.stream')`);
  });

  test('a union has each part’s tables, and is bounded as a whole', () => {
    const { text } = statementFor(
      { sql: 'select id from auth_logs union all select id from rest union select id from edge_logs' },
      options,
      false,
    );
    expect(text).toContain('s.auth_logs');
    expect(text).toContain('s.edge_logs');
    expect(text).toContain('union all select');
  });
});

test.each([
  'insert into edge_logs values (1)',
  'delete from edge_logs',
  'drop table x',
  'select 1; select 2',
  'select 1; drop table x',
  '',
  'begin',
  'set role postgres',
  "select 'open",
  'select (1',
  'select 1)',
  'select /* open',
  'select $a$ open',
  'with x select 1',
  `select ${'('.repeat(200)}1${')'.repeat(200)}`,
  `select '${'x'.repeat(100_001)}'`,
  'copy edge_logs to program $$id$$',
])('is refused: %s', (sql) => {
  expect(() => rewriteQuery(sql, 'bigquery', { schema: 's', safe: false })).toThrow(
    expect.objectContaining({ code: 'bad_query' }),
  );
});

test('any text is a query or refused as bad, and what comes out can be taken apart again', { timeout: 60_000 }, () => {
  const piece = fc.constantFrom(
    ...[
      'select',
      'from',
      'edge_logs',
      'where',
      'unnest',
      '(',
      ')',
      'metadata',
      'as',
      'm',
      '.',
      ',',
      "'x'",
      '"y"',
      '`z`',
      '1',
      'with',
      'union',
      'all',
      'cast',
      'int64',
      '[',
      ']',
      'offset',
      'approx_quantiles',
      'interval',
      'minute',
      'timestamp',
      '::',
      '=',
      'between',
      'and',
      'in',
      'case',
      'if',
      'countif',
      "r'\\d'",
      '--',
      '\n',
      ';',
    ],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 40 }).map((pieces) => `select ${pieces.join(' ')}`),
      ),
      (sql) => {
        let text: string;
        try {
          text = body(sql);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_query' });
          return;
        }
        expect(() => readTokens(text, 'postgres')).not.toThrow();
      },
    ),
    { numRuns: 500 },
  );
});

test('no text of a query leaves its quotes', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
      fc.constantFrom('bigquery' as const, 'postgres' as const),
      (value, dialect) => {
        const escaped =
          dialect === 'bigquery' ? value.replaceAll('\\', '\\\\').replaceAll("'", "\\'") : value.replaceAll("'", "''");
        const [, token] = readTokens(`select '${escaped}'`, dialect);
        expect(token).toMatchObject({ kind: 'string', value });
        // Read again by PostgreSQL's rules it is the same text.
        const [again] = readTokens((token as { text: string }).text, 'postgres');
        expect(again).toMatchObject({ kind: 'string', value });
      },
    ),
  );
});
