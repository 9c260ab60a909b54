import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
let postgres: Client;
beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
  // As a database that had the older version.
  await db.query(`create extension vector with schema extensions version '0.8.0+sql'`);
  await db.query('alter extension vector update');
});
afterAll(async () => {
  await postgres.pg.end();
  await db.drop();
});

const query = async (sql: string, values: unknown[] = []) => (await postgres.pg.query(sql, values)).rows;
const value = async (sql: string, values: unknown[] = []) => Object.values((await query(sql, values))[0])[0];
const text = (numbers: ArrayLike<number>) => `[${Array.from(numbers).join(',')}]`;
const random = (dimensions: number, seed: number): number[] =>
  Array.from({ length: dimensions }, (_, index) => Math.fround(Math.sin(seed * 7919 + index * 104_729) * 2));

/** IEEE 754 binary16, rounded to even, computed here by another way than there: over the bits. */
function toHalf(number: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, number);
  const bits = view.getUint32(0);
  const exponent = ((bits >>> 23) & 0xff) - 127;
  const drop = exponent < -14 ? -1 - exponent : 13;
  const significand = exponent === -127 ? 0 : (bits & 0x7fffff) | 0x800000;
  const kept = Math.floor(significand / 2 ** drop);
  const rest = significand - kept * 2 ** drop;
  const up = rest > 2 ** (drop - 1) || (rest === 2 ** (drop - 1) && kept % 2 === 1);
  const size = (kept + (up ? 1 : 0)) * 2 ** (drop + exponent - 23);
  return (bits >>> 31 ? -1 : 1) * size;
}

const sum = (a: readonly number[], term: (x: number, index: number) => number) =>
  a.reduce((total, x, index) => total + term(x, index), 0);
const reference = {
  '<->': (a: readonly number[], b: readonly number[]) => Math.sqrt(sum(a, (x, i) => (x - (b[i] ?? 0)) ** 2)),
  '<+>': (a: readonly number[], b: readonly number[]) => sum(a, (x, i) => Math.abs(x - (b[i] ?? 0))),
  '<#>': (a: readonly number[], b: readonly number[]) => -sum(a, (x, i) => x * (b[i] ?? 0)),
  '<=>': (a: readonly number[], b: readonly number[]) =>
    1 - sum(a, (x, i) => x * (b[i] ?? 0)) / Math.sqrt(sum(a, (x) => x * x) * sum(b, (x) => x * x)),
} as const;
const operators = Object.keys(reference) as (keyof typeof reference)[];
const close = (actual: unknown, expected: number, what: string) =>
  expect(Math.abs(Number(actual) - expected), what).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)));

describe('halfvec', () => {
  it('rounds as the hardware does, to the last bit', async () => {
    const corners = [
      0, 1, -1, 0.1, 2049, 2051, 4097.5, 65504, 65519, -65519, 6.1e-5, 6.0e-5, 5.96e-8, 2.98e-8, 3e-8, 1e-9,
    ];
    const halfway = Array.from({ length: 200 }, (_, n) => (1 + (2 * n + 1) / 2 ** 11) * 2 ** ((n % 29) - 13));
    const numbers = [...corners, ...halfway, ...random(300, 5).map((x, n) => x * 10 ** ((n % 9) - 5))].map(Math.fround);
    const rounded = (await value('select $1::halfvec::real[]', [text(numbers)])) as number[];
    for (const [index, number] of numbers.entries())
      expect(Math.fround(rounded[index] ?? 0), `${number}`).toBe(toHalf(number));
    await expect(query(`select '[65520]'::halfvec::halfvec(1)`)).rejects.toMatchObject({
      code: '22003',
      message: '"65520" is out of range for type halfvec',
    });
  });

  it.each(operators)('%s agrees with a computation here', async (operator) => {
    for (const size of [1, 3, 16, 17, 100, 101, 1_536, 4_000]) {
      const [a, b] = [random(size, 1), random(size, 2)];
      const expected = reference[operator](a.map(toHalf), b.map(toHalf));
      const [row] = await query(
        `select $1::halfvec ${operator} $2::halfvec as loose, $1::halfvec(${size}) ${operator} $2::halfvec(${size}) as fixed,
           $1::vector ${operator} $2::halfvec(${size}) as mixed`,
        [text(a), text(b)],
      );
      close(row.loose, expected, `loose at ${size}`);
      close(row.fixed, expected, `fixed at ${size}`);
    }
  });

  it('keeps, orders, computes and aggregates', async () => {
    await query('create table halves (id int, h halfvec(3))');
    await query(`insert into halves values (1, '[1,2,3]'), (2, '[0.1,0,0]'), (3, array[3,4,0])`);
    expect(await query('select h::text from halves order by h')).toEqual([
      { h: '[0.099975586,0,0]' },
      { h: '[1,2,3]' },
      { h: '[3,4,0]' },
    ]);
    await query('create index on halves using hnsw (h halfvec_cosine_ops); create index on halves using ivfflat (h)');
    expect(await query(`select id from halves order by h <-> '[3,3,0]' limit 1`)).toEqual([{ id: 3 }]);
    expect(
      await query(`select avg(h)::text as avg, sum(h)::text as sum, max(l2_norm(h)) as norm, count(distinct h)::int as n
        from halves where id <> 2`),
    ).toEqual([{ avg: '[2,3,1.5]', sum: '[4,6,3]', norm: 5, n: 2 }]);
    expect(
      await query(`select (h + '[1,1,1]')::text as a, (h - '[1,1,1]')::text as s, (h * '[2,2,2]')::text as m,
        (h || '[9]')::text as c, subvector(h, 2, 2)::text as sub, binary_quantize(h)::text as bits, vector_dims(h) as d,
        l2_normalize(h)::text as unit, h::vector::text as v from halves where id = 3`),
    ).toEqual([
      {
        a: '[4,5,1]',
        s: '[2,3,-1]',
        m: '[6,8,0]',
        c: '[3,4,0,9]',
        sub: '[4,0]',
        bits: '110',
        d: 3,
        unit: '[0.60009766,0.7998047,0]',
        v: '[3,4,0]',
      },
    ]);
  });

  it.each([
    [`'[1,2]'::halfvec::halfvec(3)`, 'expected 3 dimensions, not 2'],
    [`'[1,2]'::halfvec <-> '[1]'::halfvec`, 'different vector dimensions 2 and 1'],
    [`array['NaN']::real[]::halfvec`, 'NaN not allowed in halfvec'],
    [`'{}'::real[]::halfvec`, 'halfvec must have at least 1 dimension'],
  ])('%s is refused', async (expression, message) => {
    await expect(query(`select ${expression}`)).rejects.toThrow(message);
  });
});

describe('sparsevec', () => {
  const sparse = (size: number, seed: number) =>
    random(size, seed).map((x, index) => ((index * 31 + seed) % 7 === 0 ? x : 0));
  const sparseText = (numbers: readonly number[]) =>
    `{${numbers.flatMap((x, index) => (x === 0 ? [] : [`${index + 1}:${x}`])).join(',')}}/${numbers.length}`;

  it.each(operators)('%s agrees with a computation here', async (operator) => {
    for (const size of [7, 50, 1_536]) {
      const [a, b] = [sparse(size, 1), sparse(size, 2)];
      const actual = await value(`select $1::sparsevec ${operator} $2::sparsevec(${size})`, [
        sparseText(a),
        sparseText(b),
      ]);
      close(actual, reference[operator](a, b), `at ${size}`);
    }
  });

  it('is sorted by a cast, goes to vectors and back, and has an order', async () => {
    expect(await value(`select '{ 3:2, 1:0.5 , 2:0}/5'::sparsevec(5)::text`)).toBe('{1:0.5,3:2}/5');
    expect(await value(`select '{1:0.5,3:2}/5'::sparsevec::vector::text`)).toBe('[0.5,0,2,0,0]');
    expect(await value(`select '[0.5,0,2]'::vector::sparsevec::text`)).toBe('{1:0.5,3:2}/3');
    expect(await value(`select array[0,7]::sparsevec::text`)).toBe('{2:7}/2');
    expect(await value(`select '{}/3'::sparsevec(3)::halfvec::text`)).toBe('[0,0,0]');
    expect(await value(`select l2_norm('{1:3,9:4}/10'::sparsevec)`)).toBe(5);
    expect(await value(`select l2_normalize('{1:3,9:4}/10'::sparsevec)::text`)).toBe('{1:0.6,9:0.8}/10');
    await query('create table sparse (id int, s sparsevec(4))');
    await query(`insert into sparse values (1, '{1:1}/4'), (2, '{2:5}/4'), (3, '{1:-1}/4'), (4, '{}/4')`);
    expect((await query('select id from sparse order by s')).map(({ id }) => id)).toEqual([3, 4, 2, 1]);
    await query('create index on sparse using hnsw (s sparsevec_l2_ops)');
    expect((await query(`select id from sparse order by s <-> '{2:4}/4' limit 1`))[0].id).toBe(2);
    expect(await value(`select count(*)::int from sparse where s = '{1:1,2:0}/4'`)).toBe(1);
  });

  it.each([
    [`'{1:1}/5'::sparsevec::sparsevec(4)`, 'expected 4 dimensions, not 5'],
    [`'{6:1}/5'::sparsevec::sparsevec(5)`, 'sparsevec index out of bounds'],
    [`'{0:1}/5'::sparsevec::sparsevec(5)`, 'sparsevec index out of bounds'],
    [`'{1:1,1:2}/5'::sparsevec::sparsevec(5)`, 'sparsevec must not contain duplicate indices'],
    [`'{1:NaN}/5'::sparsevec::sparsevec(5)`, 'NaN not allowed in sparsevec'],
    [`'{}/0'::sparsevec::sparsevec(5)`, 'sparsevec must have at least 1 dimension'],
    [`'1:1/5'::sparsevec::sparsevec(5)`, 'invalid input syntax for type sparsevec: "1:1/5"'],
    [`'{1:1}/5'::sparsevec <-> '{1:1}/6'::sparsevec`, 'different sparsevec dimensions 5 and 6'],
  ])('%s is refused', async (expression, message) => {
    await expect(query(`select ${expression}`)).rejects.toThrow(message);
  });
});

describe('bit', () => {
  it('hamming and jaccard distances', async () => {
    const [a, b] = ['110100101', '011100110'];
    const both = [...a].filter((bit, index) => bit === '1' && b[index] === '1').length;
    const either = [...a].filter((bit, index) => bit === '1' || b[index] === '1').length;
    const [row] = await query(
      `select $1::bit(9) <~> $2::bit(9) as hamming, $1::bit(9) <%> $2::bit(9) as jaccard,
         hamming_distance(B'11', B'00') as all, jaccard_distance(B'00', B'00') as none`,
      [a, b],
    );
    expect(row).toEqual({ hamming: either - both, jaccard: expect.closeTo(1 - both / either, 12), all: 2, none: 1 });
    await expect(query(`select B'1' <~> B'11'`)).rejects.toThrow('different bit lengths 1 and 2');
  });

  it('finds the nearest by their signs, then exactly', async () => {
    await query('create table quantized (id int, v vector(64), b bit(64))');
    const rows = Array.from({ length: 60 }, (_, id) => random(64, id + 1));
    for (const [id, row] of rows.entries())
      await query('insert into quantized values ($1, $2, binary_quantize($2::vector)::bit(64))', [id, text(row)]);
    await query('create index on quantized using hnsw (b bit_hamming_ops)');
    await query('create index on quantized using hnsw ((binary_quantize(v)::bit(64)) bit_jaccard_ops)');
    const found = await query(
      `select id from (select id, v from quantized order by b <~> binary_quantize($1::vector)::bit(64) limit 20) as near
       order by v <=> $1 limit 1`,
      [text(rows[17] ?? [])],
    );
    expect(found).toEqual([{ id: 17 }]);
  });
});

it('private functions of the new types are not open to forged bytes', async () => {
  for (const call of [`_halfvec_of('[1]'::vector, '\\x01')`, `_halfvec_bytes('[1]'::halfvec, '\\x01')`])
    await expect(query(`select pg_catalog.${call}`), call).rejects.toMatchObject({ code: '42501' });
});
