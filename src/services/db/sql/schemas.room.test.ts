import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const api = ['anon', 'authenticated', 'service_role'];

// Schema, owner, roles with USAGE, roles with CREATE besides the owner.
const expected: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ['public', 'pg_database_owner', [...api, 'postgres'], []],
  ['extensions', 'postgres', [...api, 'dashboard_user'], ['dashboard_user', 'supabase_admin']],
  ['auth', 'supabase_admin', [...api, 'postgres', 'dashboard_user'], ['supabase_auth_admin', 'dashboard_user']],
  ['storage', 'supabase_admin', [...api, 'postgres', 'dashboard_user'], ['supabase_storage_admin', 'dashboard_user']],
  ['realtime', 'supabase_admin', ['postgres'], []],
  ['_realtime', 'supabase_admin', [], []],
  [
    '_pmoves',
    'supabase_admin',
    ['supabase_auth_admin', 'supabase_storage_admin'],
    ['supabase_auth_admin', 'supabase_storage_admin'],
  ],
  ['graphql', 'supabase_admin', [...api, 'postgres'], []],
  ['graphql_public', 'supabase_admin', [...api, 'postgres'], []],
  ['vault', 'supabase_admin', ['postgres', 'service_role'], []],
  ['pgbouncer', 'pgbouncer', [], []],
  ['net', 'supabase_admin', [...api, 'postgres', 'supabase_functions_admin'], []],
  ['supabase_functions', 'supabase_admin', [...api, 'postgres'], ['supabase_functions_admin']],
];

describe('schemas', () => {
  it.each(expected)('%s has its owner and grants', async (schema, owner, usage, create) => {
    const [row] = await db.query<{ owner: string; usage: string[]; create: string[] }>(
      `select nspowner::regrole::text as owner,
         array(select grantee::regrole::text from aclexplode(nspacl) where privilege_type = 'USAGE' and grantee <> 0 and grantee <> nspowner) as usage,
         array(select grantee::regrole::text from aclexplode(nspacl) where privilege_type = 'CREATE' and grantee <> 0 and grantee <> nspowner) as create
       from pg_namespace where nspname = $1`,
      [schema],
    );
    expect(row?.owner).toBe(owner);
    expect(row?.usage).toEqual(expect.arrayContaining([...usage]));
    expect(row?.create.sort()).toEqual([...create].sort());
  });

  it('nobody but their owner may create in public, auth and storage through PUBLIC', async () => {
    const rows = await db.query(
      `select nspname from pg_namespace, aclexplode(nspacl) where grantee = 0 and privilege_type = 'CREATE'`,
    );
    expect(rows).toEqual([]);
  });

  it.each([
    ['postgres', 'public', ['anon', 'authenticated', 'postgres', 'service_role']],
    ['supabase_admin', 'public', ['anon', 'authenticated', 'postgres', 'service_role']],
    ['postgres', 'storage', ['anon', 'authenticated', 'postgres', 'service_role']],
    ['postgres', 'supabase_functions', ['anon', 'authenticated', 'postgres', 'service_role']],
    ['supabase_admin', 'graphql', ['anon', 'authenticated', 'postgres', 'service_role']],
    ['supabase_admin', 'graphql_public', ['anon', 'authenticated', 'postgres', 'service_role']],
    ['supabase_admin', 'extensions', ['postgres']],
    ['supabase_auth_admin', 'auth', ['dashboard_user', 'postgres']],
    ['supabase_admin', 'realtime', ['dashboard_user', 'postgres']],
  ])('what %s makes in %s is granted to the right roles', async (creator, schema, grantees) => {
    const rows = await db.query<{ kind: string; grantees: string[] }>(
      `select defaclobjtype::text as kind,
         array_agg(distinct pg_get_userbyid(grantee)::text order by pg_get_userbyid(grantee)::text) as grantees
       from pg_default_acl, aclexplode(defaclacl)
       where pg_get_userbyid(defaclrole) = $1 and defaclnamespace = $2::regnamespace
         and (grantee <> defaclrole or $1 = 'postgres')
       group by 1 order by 1`,
      [creator, schema],
    );
    expect(rows).toEqual(['S', 'f', 'r'].map((kind) => ({ kind, grantees })));
  });

  it('the internal database has the schemas of logs and pooler', async () => {
    const [row] = await db.query<{ owner: string }>(
      `select datdba::regrole::text as owner from pg_database where datname = '_supabase'`,
    );
    expect(row).toEqual({ owner: 'supabase_admin' });
  });
});

describe('helpers of auth', () => {
  const call = (settings: Record<string, string>) =>
    db.query<{ uid: string | null; role: string | null; email: string | null; jwt: object | null }>(
      `select auth.uid(), auth.role(), auth.email(), auth.jwt()
       from (select ${Object.entries(settings)
         .map(([name, value]) => `set_config('${name}', '${value}', false)`)
         .concat('1')
         .join(', ')} offset 0) as prepared`,
    );
  const none = [{ uid: null, role: null, email: null, jwt: null }];

  it('are NULL when nothing is set, and when what is set is empty', async () => {
    expect(await db.query('select auth.uid(), auth.role(), auth.email(), auth.jwt()')).toEqual(none);
    await call({ 'request.jwt.claims': '', 'request.jwt.claim': '', 'request.jwt.claim.sub': '' });
    expect(await db.query('select auth.uid(), auth.role(), auth.email(), auth.jwt()')).toEqual(none);
  });

  it('read the JSON claims, and single ones first', async () => {
    const sub = '00000000-0000-4000-8000-000000000001';
    const claims = { sub, role: 'authenticated', email: 'a@example.com' };
    await call({ 'request.jwt.claims': JSON.stringify(claims) });
    expect(await db.query('select auth.uid(), auth.role(), auth.email(), auth.jwt()')).toEqual([
      { uid: sub, role: 'authenticated', email: 'a@example.com', jwt: claims },
    ]);
    await call({ 'request.jwt.claim.role': 'service_role' });
    expect(await db.query('select auth.role(), auth.email()')).toEqual([
      { role: 'service_role', email: 'a@example.com' },
    ]);
    await call({ 'request.jwt.claims': '{}', 'request.jwt.claim.role': '' });
    expect(await db.query('select auth.uid(), auth.role(), auth.email(), auth.jwt()')).toEqual([
      { uid: null, role: null, email: null, jwt: {} },
    ]);
  });

  it('belong to the auth service, which may replace them', async () => {
    await db.query(`set role supabase_auth_admin;
      create or replace function auth.uid() returns uuid language sql stable as $$ select null::uuid $$; reset role`);
  });
});

describe('functions for poolers and clients', () => {
  it('get_auth finds login roles only, without the password of expired ones, and serves pgbouncer alone', async () => {
    await db.query(`create role test_expired login password 'x' valid until '2020-01-01'`);
    try {
      const rows = await db.query(
        `select username, password is not null as known from unnest(array['authenticator', 'anon', 'test_expired', 'nobody']) as name,
           pgbouncer.get_auth(name) order by 1`,
      );
      expect(rows).toEqual([
        { username: 'authenticator', known: true },
        { username: 'test_expired', known: false },
      ]);
    } finally {
      await db.query('drop role test_expired');
    }
    const [allowed] = await db.query(
      `select array(select rolname::text from pg_roles where not rolsuper and has_function_privilege(oid, 'pgbouncer.get_auth(text)', 'execute')) as roles`,
    );
    expect(allowed).toEqual({ roles: ['pgbouncer'] });
  });

  it('graphql answers that it is not enabled', async () => {
    const rows = await db.query(`select graphql_public.graphql(query := '{ a }') as answer`);
    expect(rows).toEqual([{ answer: { errors: [{ message: 'pg_graphql extension is not enabled.' }] } }]);
  });

  it('a database webhook refuses wrong arguments, and queues a request', async () => {
    await db.query('create table public.hooked (id int)');
    const trigger = (args: string) =>
      db.query(`drop trigger if exists hook on public.hooked;
        create trigger hook after insert on public.hooked for each row execute function supabase_functions.http_request(${args})`);
    const insert = () => db.query('insert into public.hooked values (1)');
    await trigger('');
    await expect(insert()).rejects.toThrow('url argument is missing');
    await trigger(`'http://x', 'null'`);
    await expect(insert()).rejects.toThrow('method argument is missing');
    await trigger(`'http://x', 'PUT'`);
    await expect(insert()).rejects.toThrow('method argument PUT is invalid');
    await trigger(`'http://x', 'POST', '{}', '{}', '500'`);
    await insert();
    const [queued] = await db.query<{ same: boolean }>(
      `select request_id = (select max(id) from net.http_request_queue where url = 'http://x') as same
       from supabase_functions.hooks where hook_name = 'hook'`,
    );
    expect(queued).toEqual({ same: true });
  });
});
