import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { authMigrations, migrate, upstreamVersions } from './sql/migrations/index.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await testDatabase();
});
afterEach(() => db.drop());

const run = () => migrate(db.connection('supabase_auth_admin'), authMigrations);
const emptyAuth = () =>
  db.query(`
    do $$ declare t record; begin
      for t in select tablename from pg_tables where schemaname = 'auth' loop execute format('drop table auth.%I cascade', t.tablename); end loop;
      for t in select typname from pg_type where typnamespace = 'auth'::regnamespace and typtype = 'e' loop execute format('drop type auth.%I', t.typname); end loop;
    end $$`);

/** Everything about the schema that anybody could depend on. */
async function describeSchema(): Promise<Record<string, unknown>> {
  const columns = await db.query(`
    select table_name, column_name, udt_name, character_maximum_length, is_nullable, column_default, generation_expression
    from information_schema.columns where table_schema = 'auth' order by 1, 2`);
  const indexes = await db.query(
    `select tablename, indexname, indexdef from pg_indexes where schemaname = 'auth' order by 1, 2`,
  );
  const constraints = await db.query(`
    select conrelid::regclass::text as on, conname, contype, pg_get_constraintdef(oid) as def from pg_constraint
    where connamespace = 'auth'::regnamespace and contype <> 'n' order by 1, 2`);
  const tables = await db.query(`
    select relname, relrowsecurity, pg_get_userbyid(relowner) as owner,
      exists (select from aclexplode(relacl) where grantee = 'postgres'::regrole and privilege_type = 'SELECT' and is_grantable) as hands_on
    from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r' order by 1`);
  const enums = await db.query(`
    select typname, array_agg(enumlabel::text order by enumsortorder) as labels from pg_type join pg_enum on enumtypid = pg_type.oid
    where typnamespace = 'auth'::regnamespace group by 1 order by 1`);
  return { columns, indexes, constraints, tables, enums };
}

/** What the database image ships with: the first release's tables. */
const firstRelease = `
  create table auth.users (instance_id uuid null, id uuid not null unique, aud varchar(255) null, "role" varchar(255) null, email varchar(255) null unique,
    encrypted_password varchar(255) null, confirmed_at timestamptz null, invited_at timestamptz null, confirmation_token varchar(255) null, confirmation_sent_at timestamptz null,
    recovery_token varchar(255) null, recovery_sent_at timestamptz null, email_change_token varchar(255) null, email_change varchar(255) null, email_change_sent_at timestamptz null,
    last_sign_in_at timestamptz null, raw_app_meta_data jsonb null, raw_user_meta_data jsonb null, is_super_admin bool null, created_at timestamptz null, updated_at timestamptz null,
    constraint users_pkey primary key (id));
  create index users_instance_id_email_idx on auth.users using btree (instance_id, email);
  create index users_instance_id_idx on auth.users using btree (instance_id);
  create table auth.refresh_tokens (instance_id uuid null, id bigserial not null, "token" varchar(255) null, user_id varchar(255) null, revoked bool null, created_at timestamptz null, updated_at timestamptz null,
    constraint refresh_tokens_pkey primary key (id));
  create index refresh_tokens_instance_id_idx on auth.refresh_tokens using btree (instance_id);
  create index refresh_tokens_instance_id_user_id_idx on auth.refresh_tokens using btree (instance_id, user_id);
  create index refresh_tokens_token_idx on auth.refresh_tokens using btree (token);
  create table auth.instances (id uuid not null, uuid uuid null, raw_base_config text null, created_at timestamptz null, updated_at timestamptz null, constraint instances_pkey primary key (id));
  create table auth.audit_log_entries (instance_id uuid null, id uuid not null, payload json null, created_at timestamptz null, constraint audit_log_entries_pkey primary key (id));
  create index audit_logs_instance_id_idx on auth.audit_log_entries using btree (instance_id);
  create table auth.schema_migrations ("version" varchar(255) not null, constraint schema_migrations_pkey primary key ("version"));
  insert into auth.schema_migrations (version) values ('20171026211738'), ('20171026211808'), ('20171026211834'), ('20180103212743'), ('20180108183307'), ('20180119214651'), ('20180125194653'), ('00');
  insert into auth.users (instance_id, id, aud, role, email, encrypted_password, confirmed_at, confirmation_token, email_change_token) values
    ('00000000-0000-0000-0000-000000000000', '11111111-1111-4111-8111-111111111111', 'authenticated', 'authenticated', 'old@example.com', '$2a$10$x', '2020-01-01', '', 'tok');
  insert into auth.refresh_tokens (token, user_id, revoked) values ('abc', '11111111-1111-4111-8111-111111111111', false);`;

/** How identities were keyed before November 2023, and tables of that time. */
const middleRelease = `
  alter table auth.users rename column confirmed_at to email_confirmed_at;
  alter table auth.users add column phone varchar(15) null unique default null, add column phone_confirmed_at timestamptz, add column phone_change varchar(15) null default '';
  create type auth.factor_type as enum ('totp', 'webauthn');
  create table auth.identities (id text not null, user_id uuid not null references auth.users (id) on delete cascade, identity_data jsonb not null, provider text not null,
    last_sign_in_at timestamptz null, created_at timestamptz null, updated_at timestamptz null, constraint identities_pkey primary key (provider, id));
  insert into auth.identities values ('gh1', '11111111-1111-4111-8111-111111111111', '{"email":"Old@Example.com"}', 'github');
  create table auth.sessions (id uuid not null, user_id uuid not null, created_at timestamptz null, updated_at timestamptz null, constraint sessions_pkey primary key (id),
    constraint sessions_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade);`;

/** The whole, leaving out what depends on the order in which things were made or on their first names. */
async function comparable(): Promise<Record<string, unknown>> {
  const { columns, indexes, constraints, tables, enums } = await describeSchema();
  const old = /^(users_id_key|identities_pkey)$/;
  const keep = (rows: unknown, name: string) =>
    (rows as Record<string, string>[]).filter((row) => !old.test(row[name] ?? ''));
  return { columns, indexes: keep(indexes, 'indexname'), constraints: keep(constraints, 'conname'), tables, enums };
}

describe('schema auth', () => {
  it('has all tables, owned by its role, with row security on the older ones and all versions recorded', async () => {
    const { tables, indexes } = (await describeSchema()) as {
      tables: Record<string, unknown>[];
      indexes: { indexname: string }[];
    };
    expect(tables.map(({ relname }) => relname)).toEqual([
      'audit_log_entries',
      'custom_oauth_providers',
      'flow_state',
      'identities',
      'instances',
      'mfa_amr_claims',
      'mfa_challenges',
      'mfa_factors',
      'oauth_authorizations',
      'oauth_client_states',
      'oauth_clients',
      'oauth_consents',
      'one_time_tokens',
      'refresh_tokens',
      'saml_providers',
      'saml_relay_states',
      'schema_migrations',
      'sessions',
      'sso_domains',
      'sso_providers',
      'users',
      'webauthn_challenges',
      'webauthn_credentials',
    ]);
    expect(tables.every(({ owner }) => owner === 'supabase_auth_admin')).toBe(true);
    expect(tables.filter(({ relrowsecurity }) => relrowsecurity)).toHaveLength(16);
    expect(tables.filter(({ hands_on }) => hands_on)).toHaveLength(16);
    for (const name of [
      'users_email_partial_key',
      'confirmation_token_idx',
      'users_instance_id_email_idx',
      'refresh_tokens_token_unique',
      'one_time_tokens_token_hash_hash_idx',
      'identities_provider_id_provider_unique',
      'mfa_factors_user_friendly_name_unique',
      'unique_phone_factor_per_user',
      'sso_domains_domain_idx',
    ])
      expect(indexes.map(({ indexname }) => indexname)).toContain(name);
    const versions = await db.query<{ version: string }>('select version from auth.schema_migrations order by 1');
    expect(versions.map(({ version }) => version)).toEqual([...upstreamVersions].sort());
    expect(upstreamVersions).toHaveLength(70);
  });

  it('is taken as it is when complete', async () => {
    await db.query(`comment on table auth.users is 'untouched'; alter table auth.users disable row level security`);
    expect(await run()).toBe(false);
    const [row] = await db.query(
      `select obj_description('auth.users'::regclass) as comment, relrowsecurity from pg_class where oid = 'auth.users'::regclass`,
    );
    expect(row).toEqual({ comment: 'untouched', relrowsecurity: false });
  });

  it('comes out the same from nothing, and from many nodes at once', async () => {
    const whole = await describeSchema();
    await emptyAuth();
    const applied = await Promise.all(Array.from({ length: 5 }, run));
    expect(applied.filter(Boolean)).toHaveLength(1);
    expect(await describeSchema()).toEqual(whole);
  });

  it('comes out the same from the first release, which the database image ships with, and keeps its rows', async () => {
    const whole = await comparable();
    await emptyAuth();
    await db.query(`set role supabase_auth_admin; ${firstRelease} reset role;`);
    expect(await run()).toBe(true);
    expect(await comparable()).toEqual(whole);
    expect(
      await db.query(
        `select email_confirmed_at = '2020-01-01' as kept, confirmed_at = email_confirmed_at as same, email_change_token_new from auth.users`,
      ),
    ).toEqual([{ kept: true, same: true, email_change_token_new: 'tok' }]);
  });

  it('comes out the same from a release in between', async () => {
    const whole = await comparable();
    await emptyAuth();
    await db.query(`set role supabase_auth_admin; ${firstRelease} ${middleRelease} reset role;`);
    expect(await run()).toBe(true);
    expect(await comparable()).toEqual(whole);
    expect(await db.query(`select provider, provider_id, email from auth.identities order by 1`)).toEqual([
      { provider: 'email', provider_id: '11111111-1111-4111-8111-111111111111', email: 'old@example.com' },
      { provider: 'github', provider_id: 'gh1', email: 'old@example.com' },
    ]);
  });

  it('helps policies tell who asks', async () => {
    const client = await connectClient(db.connection('authenticator'));
    const ask = async (claims: string | null): Promise<unknown> => {
      await client.pg.query('begin; set local role authenticated');
      if (claims !== null) await client.pg.query(`select set_config('request.jwt.claims', $1, true)`, [claims]);
      const { rows } = await client.pg.query(
        'select auth.uid() as uid, auth.role() as role, auth.email() as email, auth.jwt() as jwt',
      );
      await client.pg.query('commit');
      return rows[0];
    };
    const nothing = { uid: null, role: null, email: null, jwt: null };
    expect(await ask(null)).toEqual(nothing);
    expect(await ask('')).toEqual(nothing);
    const claims = { sub: '11111111-1111-4111-8111-111111111111', role: 'authenticated', email: 'a@b.c' };
    expect(await ask(JSON.stringify(claims))).toEqual({
      uid: claims.sub,
      role: claims.role,
      email: claims.email,
      jwt: claims,
    });
    await client.pg.end();
  });

  it('shows its tables to nobody through the API roles', async () => {
    const client = await connectClient(db.connection('authenticator'));
    for (const role of ['anon', 'authenticated', 'service_role']) {
      await client.pg.query(`set role ${role}`);
      await expect(client.pg.query('select 1 from auth.users')).rejects.toMatchObject({ code: '42501' });
      await client.pg.query('reset role');
    }
    await client.pg.end();
  });
});
