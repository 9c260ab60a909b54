import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

interface RoleRow {
  readonly name: string;
  readonly attributes: string;
  readonly settings: string[];
}

// The official images' own role test prints the same columns.
const rolesSql = `
select
  rolname::text as name,
  concat_ws(' ',
    case when rolsuper then 'superuser' end,
    case when rolcanlogin then 'login' end,
    case when not rolinherit then 'noinherit' end,
    case when rolcreatedb then 'createdb' end,
    case when rolcreaterole then 'createrole' end,
    case when rolreplication then 'replication' end,
    case when rolbypassrls then 'bypassrls' end
  ) as attributes,
  coalesce((select setconfig from pg_db_role_setting where setrole = pg_roles.oid and setdatabase = 0), '{}') as settings
from pg_roles where rolname = any($1) order by 1`;

const expected: readonly RoleRow[] = [
  { name: 'anon', attributes: '', settings: ['statement_timeout=3s'] },
  { name: 'authenticated', attributes: '', settings: ['statement_timeout=8s'] },
  { name: 'authenticator', attributes: 'login noinherit', settings: ['statement_timeout=8s', 'lock_timeout=8s'] },
  { name: 'dashboard_user', attributes: 'createdb createrole replication', settings: [] },
  { name: 'pgbouncer', attributes: 'login', settings: [] },
  {
    name: 'postgres',
    attributes: 'login createdb createrole replication bypassrls',
    settings: ['search_path="\\$user", public, extensions'],
  },
  { name: 'service_role', attributes: 'bypassrls', settings: [] },
  {
    name: 'supabase_admin',
    attributes: 'superuser login createdb createrole replication bypassrls',
    settings: ['search_path="$user", public, auth, extensions', 'log_statement=none'],
  },
  {
    name: 'supabase_auth_admin',
    attributes: 'login noinherit createrole',
    settings: ['search_path=auth', 'idle_in_transaction_session_timeout=60000', 'log_statement=none'],
  },
  {
    name: 'supabase_functions_admin',
    attributes: 'login noinherit createrole',
    settings: ['search_path=supabase_functions'],
  },
  {
    name: 'supabase_read_only_user',
    attributes: 'login bypassrls',
    settings: ['default_transaction_read_only=on'],
  },
  { name: 'supabase_realtime_admin', attributes: 'noinherit', settings: [] },
  { name: 'supabase_replication_admin', attributes: 'login replication', settings: [] },
  {
    name: 'supabase_storage_admin',
    attributes: 'login noinherit createrole',
    settings: ['search_path=storage', 'log_statement=none'],
  },
];

describe('roles', () => {
  it('have the attributes and settings of a Supabase database', async () => {
    expect(await db.query<RoleRow>(rolesSql, [expected.map(({ name }) => name)])).toEqual(expected);
  });

  it('belong to one another as there', async () => {
    const rows = await db.query<{ member: string; roles: string[] }>(
      `select pg_get_userbyid(member)::text as member, array_agg(pg_get_userbyid(roleid)::text order by 1) as roles
       from (select distinct member, roleid from pg_auth_members) as memberships
       where pg_get_userbyid(member) = any($1) group by member order by 1`,
      [expected.map(({ name }) => name)],
    );
    const memberships = Object.fromEntries(rows.map(({ member, roles }) => [member, roles.sort()]));
    const { postgres, ...others } = memberships;
    expect(others).toEqual({
      authenticator: ['anon', 'authenticated', 'service_role'],
      supabase_read_only_user: ['pg_read_all_data'],
      supabase_storage_admin: ['authenticator'],
    });
    const newer = inject('roomServer').serverVersion >= 160000 ? ['authenticator', 'pg_create_subscription'] : [];
    expect(postgres).toEqual(
      [
        ...newer,
        'anon',
        'authenticated',
        'pg_monitor',
        'pg_read_all_data',
        'pg_signal_backend',
        'service_role',
        'supabase_auth_admin',
        'supabase_functions_admin',
        'supabase_realtime_admin',
        'supabase_storage_admin',
      ].sort(),
    );
  });

  it('keep the password as a SCRAM verifier on every role that logs in with it, and on no other', async () => {
    const rows = await db.query<{ name: string; kind: string | null }>(
      `select rolname::text as name, substr(rolpassword, 1, 14) as kind from pg_authid
       where rolname = any($1) and rolpassword is not null order by 1`,
      [expected.map(({ name }) => name)],
    );
    expect(rows.map(({ name }) => name)).toEqual([
      'authenticator',
      'pgbouncer',
      'postgres',
      'supabase_admin',
      'supabase_auth_admin',
      'supabase_read_only_user',
      'supabase_storage_admin',
    ]);
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(['SCRAM-SHA-256$']));
  });
});
