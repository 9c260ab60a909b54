import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
let postgres: Client;
beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
  await postgres.pg.query('create extension vector with schema extensions');
});
afterAll(async () => {
  await postgres.pg.end();
  await db.drop();
});

const query = async (sql: string, values: unknown[] = []) => (await postgres.pg.query(sql, values)).rows;
const value = async (sql: string, values: unknown[] = []) => Object.values((await query(sql, values))[0])[0];
const text = (numbers: ArrayLike<number>) => `[${Array.from(numbers).join(',')}]`;

/** Single-precision numbers, which is what a vector holds. */
const random = (dimensions: number, seed: number): Float32Array =>
  Float32Array.from({ length: dimensions }, (_, index) => Math.sin(seed * 7919 + index * 104_729) * 2);

const reference = {
  '<->': (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((x, i) => x - (b[i] ?? 0))),
  '<+>': (a: Float32Array, b: Float32Array) => sum(a, (x, i) => Math.abs(x - (b[i] ?? 0))),
  '<#>': (a: Float32Array, b: Float32Array) => -sum(a, (x, i) => x * (b[i] ?? 0)),
  '<=>': (a: Float32Array, b: Float32Array) =>
    1 - sum(a, (x, i) => x * (b[i] ?? 0)) / Math.sqrt(sum(a, (x) => x * x) * sum(b, (x) => x * x)),
} as const;

function sum(numbers: Float32Array, term: (x: number, index: number) => number): number {
  return Array.from(numbers).reduce((total, x, index) => total + term(x, index), 0);
}

describe('distances', () => {
  // 16 and 17 sit on either side of the binary form, 100 and 101 of a second block.
  const dimensions = [1, 3, 16, 17, 99, 100, 101, 384, 1536, 16_000];

  it.each(Object.keys(reference) as (keyof typeof reference)[])(
    '%s agrees with a computation here',
    async (operator) => {
      for (const size of dimensions) {
        const [a, b] = [random(size, 1), random(size, 2)];
        const expected = reference[operator](a, b);
        const [row] = await query(
          `select $1::vector ${operator} $2::vector as loose, $1::vector(${size}) ${operator} $2::vector(${size}) as fixed,
           $1::vector(${size}) ${operator} $2 as mixed`,
          [text(a), text(b)],
        );
        for (const [form, actual] of Object.entries(row))
          expect(Math.abs(Number(actual) - expected), `${form} at ${size}`).toBeLessThan(
            1e-6 * Math.max(1, Math.abs(expected)),
          );
      }
    },
  );

  it('are exact for small numbers', async () => {
    const [row] = await query(
      `select l2_distance('[0,0]'::vector, '[3,4]') as l2, inner_product('[1,2]'::vector, '[3,4]') as ip, '[1,2]'::vector <#> '[3,4]' as neg,
         cosine_distance('[1,2]'::vector, '[2,4]') as same, cosine_distance('[1,0]'::vector, '[0,2]') as right_angle,
         cosine_distance('[1,1]'::vector, '[-1,-1]') as opposite, l1_distance('[1,2]'::vector, '[3,-4]') as l1,
         cosine_distance('[0,0]'::vector, '[1,1]') as nothing`,
    );
    expect(row).toEqual({ l2: 5, ip: 11, neg: -11, same: 0, right_angle: 1, opposite: 2, l1: 8, nothing: Number.NaN });
  });

  it('need as many dimensions on both sides', async () => {
    const long = text(random(101, 1));
    for (const [a, b] of [
      ['[1,2,3]', '[1,2,3,4]'],
      [long, '[1,2,3]'],
      ['[1,2,3]', long],
      [long, text(random(100, 1))],
    ] as const)
      await expect(query('select $1::vector <-> $2::vector', [a, b])).rejects.toMatchObject({
        code: '22000',
        message: `different vector dimensions ${a.split(',').length} and ${b.split(',').length}`,
      });
  });
});

describe('values', () => {
  it('come out as pgvector writes them, from columns, arrays and JSON', async () => {
    await query('create table public.items (id int primary key, embedding vector(3))');
    await query(`insert into items values (1, '[1, 2.50, 3e0]'), (2, array[0.1, 1, 2]::real[]), (3, '{1,2,3}'::int[])`);
    await query(`insert into items select id, embedding from json_to_record('{"id": 4, "embedding": [1, 2, 3.0]}')
      as _(id int, embedding vector)`);
    expect(await query('select id, embedding from items order by id')).toEqual([
      { id: 1, embedding: '[1,2.5,3]' },
      { id: 2, embedding: '[0.1,1,2]' },
      { id: 3, embedding: '[1,2,3]' },
      { id: 4, embedding: '[1,2,3]' },
    ]);
    expect(await value('select row_to_json(items) from items where id = 1')).toEqual({ id: 1, embedding: '[1,2.5,3]' });
    expect(await value('select embedding::text || 1 from items where id = 1')).toBe('[1,2.5,3]1');
  });

  it('survive a round trip in every form', async () => {
    const number = fc.float({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 40 }), async (numbers) => {
        const size = numbers.length;
        const [row] = await query(
          `select $1::vector(${size})::text::vector(${size})::real[] as through_text, $2::real[]::vector::real[] as through_array,
             vector_dims($1::vector) as dims, $1::vector = $2::real[]::vector as same`,
          [text(numbers), numbers],
        );
        const expected = numbers.map((x) => x + 0);
        row.through_text = row.through_text.map(Math.fround);
        row.through_array = row.through_array.map(Math.fround);
        expect(row).toEqual({ through_text: expected, through_array: expected, dims: size, same: true });
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['[1,2]', 'expected 3 dimensions, not 2', '22000'],
    ['[1,2,3,4]', 'expected 3 dimensions, not 4', '22000'],
    ['[]', 'vector must have at least 1 dimension', '22000'],
    ['[1,null,3]', 'invalid input syntax for type vector: "[1,null,3]"', '22P02'],
    ['["1",2,3]', 'invalid input syntax for type vector: "["1",2,3]"', '22P02'],
    ['{"a":1}', 'invalid input syntax for type vector: "{"a":1}"', '22P02'],
    ['1', 'invalid input syntax for type vector: "1"', '22P02'],
    ['[1,2,x]', 'invalid input syntax for type json', '22P02'],
    ['[1,2,1e99]', '"1e99" is out of range for type real', '22003'],
  ])('%s is no vector(3)', async (input, message, code) => {
    await expect(query('select $1::vector(3)', [input])).rejects.toMatchObject({ message, code });
  });

  it.each([
    [`array['NaN']::real[]`, 'NaN not allowed in vector', '22000'],
    [`array['-Infinity']::float8[]`, 'infinite value not allowed in vector', '22000'],
    ['array[[1, 2]]', 'array must be 1-D', '22000'],
    ['array[1, null]', 'array must not contain nulls', '22004'],
    [`'{}'::int[]`, 'vector must have at least 1 dimension', '22000'],
    ['array_fill(0, array[16001])', 'vector cannot have more than 16000 dimensions', '54000'],
  ])('%s is no vector', async (input, message, code) => {
    await expect(query(`select (${input})::vector`)).rejects.toMatchObject({ message, code });
  });

  it('carry their dimensions in the type', async () => {
    expect(
      await value(`select format_type(atttypid, atttypmod) from pg_attribute
      where attrelid = 'items'::regclass and attname = 'embedding'`),
    ).toBe('vector(3)');
    await expect(query(`update items set embedding = '[1]' where id = 1`)).rejects.toThrow(
      'expected 3 dimensions, not 1',
    );
  });

  it('cannot be forged by calling the private functions', async () => {
    for (const call of [
      `_vector_join('\\x5b', '\\x01')`,
      `_vector_bytes('[1]', '')`,
      `_vector_block_distance('\\x00', '\\x00')`,
      `_vector_block('{1}')`,
    ])
      await expect(query(`select pg_catalog.${call}`), call).rejects.toMatchObject({ code: '42501' });
  });
});

describe('functions and operators', () => {
  it.each([
    [`'[1,2,3]'::vector + '[4,5,6]'`, '[5,7,9]'],
    [`'[1,2,3]'::vector - '[4,5,6]'`, '[-3,-3,-3]'],
    [`'[1,2,3]'::vector * '[4,5,6]'`, '[4,10,18]'],
    [`'[1,2]'::vector || '[3]'`, '[1,2,3]'],
    [`l2_normalize('[3,4]'::vector)`, '[0.6,0.8]'],
    [`l2_normalize('[0,0]'::vector)`, '[0,0]'],
    [`subvector('[1,2,3,4,5]'::vector, 2, 3)`, '[2,3,4]'],
    [`subvector('[1,2,3]'::vector, 3, 9)`, '[3]'],
    [`binary_quantize('[1,0,-1,2]'::vector)`, '1001'],
    [`vector_norm('[3,4]')`, 5],
    [`vector_dims('[1,2,3]'::vector)`, 3],
    [`'[1,2]'::vector < '[1,3]'`, true],
    [`'[1,2]'::vector < '[1]'`, false],
    [`'[1.0]'::vector = '[1]'`, true],
    [`(select avg(v) from unnest(array['[1,2]', '[3,5]']::vector[]) as v)`, '[2,3.5]'],
    [`(select sum(v) from unnest(array['[1,2]', '[3,5]', null]::vector[]) as v)`, '[4,7]'],
    [`(select avg(v) from unnest('{}'::vector[]) as v)`, null],
  ])('%s', async (expression, expected) => {
    expect(await value(`select ${expression} as result`)).toEqual(expected);
  });

  it('group, order and keep unique', async () => {
    expect(
      await query(`select v::text, count(*)::int from unnest(array['[2]', '[1.0]', '[1]']::vector[]) as v
      group by v order by v`),
    ).toEqual([
      { v: '[1.0]', count: 2 },
      { v: '[2]', count: 1 },
    ]);
    await query('create table public.once (v vector(1) primary key)');
    await query(`insert into once values ('[1]')`);
    await expect(query(`insert into once values ('[1.0]')`)).rejects.toMatchObject({ code: '23505' });
  });
});

describe('search', () => {
  const size = 1536;
  const rows = 60;
  beforeAll(async () => {
    await query(`create table public.documents (id int primary key, embedding vector(${size}))`);
    for (let id = 1; id <= rows; id++)
      await query('insert into documents values ($1, $2)', [id, text(random(size, id))]);
  });

  const nearest = (seed: number) =>
    Array.from({ length: rows }, (_, index) => index + 1)
      .map((id) => ({ id, distance: reference['<=>'](random(size, id), random(size, seed)) }))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, 5)
      .map(({ id }) => id);

  it('orders exactly, with a literal, a parameter and a sub-select', async () => {
    const wanted = text(random(size, 7.3));
    const ids = async (sql: string, values: unknown[] = []) => (await query(sql, values)).map(({ id }) => id);
    const sql = (operand: string) => `select id from documents order by embedding <=> ${operand} limit 5`;
    expect(await ids(sql(`'${wanted}'`))).toEqual(nearest(7.3));
    expect(await ids(sql('$1'), [wanted])).toEqual(nearest(7.3));
    expect(await ids(sql('(select $1::vector)'), [wanted])).toEqual(nearest(7.3));
  });

  it('takes a JSON array for a function argument, as REST calls pass it', async () => {
    await query(`create function public.hybrid_search(
        query_embedding vector(1536), query_text text, match_count int default 10, filter jsonb default '{}'
      ) returns table (id int, similarity float8) language plpgsql stable as $$
      begin
        return query select documents.id, 1 - (documents.embedding <=> query_embedding)
          from documents order by documents.embedding <=> query_embedding limit match_count;
      end $$`);
    const body = { query_embedding: Array.from(random(size, 7.3)), query_text: 'x', match_count: 5, filter: {} };
    const found = await query(
      `select found.* from json_to_record($1) as body(query_embedding vector(1536), query_text text, match_count int, filter jsonb),
         lateral hybrid_search(query_embedding := body.query_embedding, query_text := body.query_text,
           match_count := body.match_count, filter := body.filter) as found`,
      [JSON.stringify(body)],
    );
    expect(found.map(({ id }) => id)).toEqual(nearest(7.3));
    expect(found[0].similarity).toBeGreaterThan(found[4].similarity);
  });

  it('accepts approximate indexes of every kind, and stays exact', async () => {
    for (const [method, classes] of [
      ['hnsw', ['vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops', 'vector_l1_ops']],
      ['ivfflat', ['vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops']],
    ] as const)
      for (const name of classes) await query(`create index on documents using ${method} (embedding ${name})`);
    await query('create index on documents using ivfflat (embedding)');
    await query('create index concurrently on documents using hnsw (embedding extensions.vector_cosine_ops)');
    await query('set hnsw.ef_search = 100; set ivfflat.probes = 10');
    const found = await query(`select id from documents order by embedding <=> $1 limit 5`, [text(random(size, 3.1))]);
    expect(found.map(({ id }) => id)).toEqual(nearest(3.1));
    await query(`update documents set embedding = $1 where id = 1`, [text(random(size, 99))]);
    await query('delete from documents where id = 1');
    await query('vacuum documents');
  });

  it('refuses storage parameters with an error that a migration can catch', async () => {
    await expect(
      query('create index on documents using ivfflat (embedding vector_cosine_ops) with (lists = 100)'),
    ).rejects.toMatchObject({ code: '22023' });
    await query(`do $$ begin
      create index caught on documents using ivfflat (embedding vector_cosine_ops) with (lists = 100);
    exception when others then
      create index caught on documents using hnsw (embedding vector_cosine_ops);
    end $$`);
    expect(await value(`select to_regclass('caught')::text`)).toBe('caught');
  });

  it('is open to the API roles, under their policies', async () => {
    await query('alter table documents enable row level security');
    await query('create policy even on documents for select to anon using (id % 2 = 0)');
    await query('begin; set local role anon');
    try {
      const found = await query('select id from documents order by embedding <=> $1 limit 3', [text(random(size, 5))]);
      expect(found.map(({ id }) => id % 2)).toEqual([0, 0, 0]);
    } finally {
      await query('rollback');
    }
  });
});

describe('the extension', () => {
  it('moves to another schema, works there, and goes without leaving anything', async () => {
    await query('create table public.kept (v vector(20))');
    await query('insert into kept values ($1)', [text(random(20, 1))]);
    // The members belong to a superuser, as those of every trusted extension.
    await db.query('alter extension vector set schema public');
    expect(await value('select v <-> v from kept')).toBe(0);
    await query('drop extension vector cascade');
    const left =
      await query(`select proname from pg_proc where proname like '%vector%' and proname !~ 'tsvector|oidvector|int2vector'
      and pronamespace::regnamespace::text in ('public', 'extensions', 'pg_catalog') and prosrc ~ '_vector'`);
    expect(left).toEqual([]);
    await query('create extension vector');
    expect(await value(`select '[1]'::vector <-> '[2]'`)).toBe(1);
  });
});
