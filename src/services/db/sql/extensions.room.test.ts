import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
let postgres: Client;
beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
});
afterAll(async () => {
  await postgres.pg.end();
  await db.drop();
});

const query = async (sql: string, values: unknown[] = []) => (await postgres.pg.query(sql, values)).rows;
const schemaOf = async (name: string) =>
  (await query('select extnamespace::regnamespace::text as schema from pg_extension where extname = $1', [name]))[0]
    ?.schema;

describe('a new database', () => {
  it('has the extensions of a Supabase project where they belong', async () => {
    const rows = await query(
      `select extname::text as name, extnamespace::regnamespace::text as schema from pg_extension order by 1`,
    );
    expect(rows).toEqual(
      expect.arrayContaining([
        { name: 'pg_net', schema: 'extensions' },
        { name: 'pg_stat_statements', schema: 'extensions' },
        { name: 'pgcrypto', schema: 'extensions' },
        { name: 'pgjwt', schema: 'extensions' },
        { name: 'plpgsql', schema: 'pg_catalog' },
        { name: 'supabase_vault', schema: 'vault' },
        { name: 'uuid-ossp', schema: 'extensions' },
      ]),
    );
  });

  it('finds their functions without naming the schema', async () => {
    const [row] = await query(`select uuid_generate_v4() is not null and gen_salt('bf') is not null as found`);
    expect(row).toEqual({ found: true });
  });
});

describe('create extension, as postgres', () => {
  const movable = [
    'vector',
    'index_advisor',
    'pgjwt',
    'pg_net',
    'pg_trgm',
    'uuid-ossp',
    'pgcrypto',
    'pg_stat_statements',
    'dblink',
  ];
  const more = ['postgres_fdw', 'pg_walinspect', 'pg_buffercache', 'moddatetime', 'hstore', 'citext', 'unaccent'];
  const fixed = [
    ['pg_cron', 'pg_catalog'],
    ['pgmq', 'pgmq'],
    ['pg_graphql', 'graphql'],
    ['supabase_vault', 'vault'],
  ] as const;

  it.each([...movable, ...more])('%s works in extensions and bare', async (name) => {
    await query(`drop extension if exists "${name}" cascade`);
    await query(`create extension if not exists "${name}" with schema extensions`);
    expect(await schemaOf(name)).toBe('extensions');
    await query(`drop extension "${name}" cascade`);
    await query(`create extension "${name}"`);
    expect(await schemaOf(name)).toBe('public');
  });

  it.each(fixed)('%s goes to its own schema, %s', async (name, schema) => {
    await db.query(`drop extension if exists "${name}" cascade`);
    await query(`create extension "${name}"`);
    expect(await schemaOf(name)).toBe(schema);
    await query(`drop extension "${name}"`);
    await query(`create schema if not exists "${schema}"`).catch(() => []);
    await query(`create extension if not exists "${name}" with schema "${schema}"`);
    expect(await schemaOf(name)).toBe(schema);
    await expect(query(`create extension "${name}" with schema extensions`)).rejects.toThrow();
  });

  it('http is not there, which the server says in its own words', async () => {
    await expect(query('create extension http')).rejects.toMatchObject({
      code: '0A000',
      message: 'extension "http" is not available',
    });
  });

  it('pg_graphql answers with an error object', async () => {
    const [row] = await query(`select graphql_public.graphql(query := '{ a }') as answer`);
    expect(row.answer).toEqual({ errors: [{ message: 'pg_graphql extension is not enabled.' }] });
  });
});

describe('index_advisor', () => {
  beforeAll(() => query('create extension if not exists index_advisor'));

  it('tells what a query costs, parameters or not, and that no index was tried', async () => {
    await query('create table public.books (id int primary key, title text)');
    for (const text of ['select * from books', 'select * from books where title = $1 and id > $2'])
      expect(await query('select * from index_advisor($1)', [text]), text).toEqual([
        {
          startup_cost_before: expect.any(Number),
          startup_cost_after: expect.any(Number),
          total_cost_before: expect.any(Number),
          total_cost_after: expect.any(Number),
          index_statements: [],
          errors: ['hypopg is not installed: no index was tried'],
        },
      ]);
    expect(await query('select from pg_prepared_statements')).toEqual([]);
  });

  it.each(['select * from nowhere', 'drop table books; select 1', '', 'vacuum'])(
    '%j is an error in the answer',
    async (text) => {
      const [row] = await query('select total_cost_before, errors from index_advisor($1)', [text]);
      expect(row).toEqual({ total_cost_before: null, errors: [expect.any(String)] });
    },
  );
});

describe('pgjwt', () => {
  beforeAll(() => query('create extension if not exists pgjwt cascade'));

  const payload = { sub: '1234567890', name: 'Jörg', admin: true };
  const expected = (hash: string, algorithm: string, body: object) => {
    const encode = (text: string) => Buffer.from(text).toString('base64url');
    const signable = `${encode(JSON.stringify({ alg: algorithm, typ: 'JWT' }))}.${encode(JSON.stringify(body))}`;
    return `${signable}.${createHmac(hash, 'secret').update(signable).digest('base64url')}`;
  };

  it.each([
    ['HS256', 'sha256'],
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ])('signs and verifies %s', async (algorithm, hash) => {
    const [signed] = await query('select sign($1::json, $2, $3) as token', [
      JSON.stringify(payload),
      'secret',
      algorithm,
    ]);
    expect(signed.token).toBe(expected(hash, algorithm, payload));
    const verified = await query('select * from verify($1, $2, $3)', [signed.token, 'secret', algorithm]);
    expect(verified).toEqual([{ header: { alg: algorithm, typ: 'JWT' }, payload, valid: true }]);
  });

  it('refuses other secrets, other algorithms and tokens out of their time', async () => {
    const valid = async (body: object, secret = 'secret', algorithm = 'HS256') =>
      (await query('select valid from verify($1, $2, $3)', [expected('sha256', 'HS256', body), secret, algorithm]))[0]
        .valid;
    const now = Math.floor(Date.now() / 1000);
    expect(await valid({})).toBe(true);
    expect(await valid({}, 'other')).toBe(false);
    expect(await valid({}, 'secret', 'HS512')).toBe(false);
    expect(await valid({ exp: now + 60, nbf: now - 60 })).toBe(true);
    expect(await valid({ exp: now - 60 })).toBe(false);
    expect(await valid({ nbf: now + 60 })).toBe(false);
    expect(await valid({ exp: 'never' })).toBe(true);
  });

  it('encodes for URLs and back', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const [row] = await query('select url_encode($1) as text, url_decode(url_encode($1)) as bytes', [bytes]);
    expect(row.text).toBe(bytes.toString('base64url'));
    expect(row.bytes).toEqual(bytes);
  });
});
