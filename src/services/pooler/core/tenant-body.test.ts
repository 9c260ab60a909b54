import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCluster } from './cluster-body.ts';
import { createSeal } from './seal.ts';
import type { Tenant } from './tenant.ts';
import { parseTenant } from './tenant-body.ts';

const place = { db_host: 'db', db_port: 5432, db_database: 'postgres' };
const user = { db_user: 'postgres', db_password: 'secret' };
const own: Tenant = {
  external_id: 'own',
  ...place,
  ip_version: 'auto',
  require_user: false,
  auth_query: 'select 1',
  enforce_ssl: false,
  upstream_ssl: false,
  upstream_verify: 'none',
  upstream_tls_ca: null,
  sni_hostname: null,
  default_pool_size: 20,
  default_max_clients: 100,
  client_idle_timeout: 0,
  client_heartbeat_interval: 0,
  allow_list: ['0.0.0.0/0'],
  availability_zone: null,
  default_parameter_status: {},
  feature_flags: { named_prepared_statements: true },
  users: [
    {
      db_user: 'pgbouncer',
      db_user_alias: 'pgbouncer',
      is_manager: true,
      mode_type: 'transaction',
      pool_size: 20,
      pool_checkout_timeout: 60_000,
      max_clients: null,
    },
  ],
};

const problemsOf = (tenant: unknown, self?: Tenant, id = 'mine') => {
  const parsed = parseTenant(id, { tenant }, self);
  return 'problems' in parsed ? parsed.problems : {};
};

describe('tenants', () => {
  test('what is not said is as Supavisor has it, or as the settings say for their own', () => {
    expect(parseTenant('mine', { tenant: { ...place, users: [user] } }, undefined)).toMatchObject({
      tenant: {
        require_user: true,
        default_pool_size: 15,
        default_max_clients: 1_000,
        users: [{ db_user_alias: 'postgres', pool_size: 15, mode_type: 'transaction' }],
      },
      passwords: new Map([['postgres', 'secret']]),
    });
    expect(parseTenant('own', { tenant: { default_pool_size: 3 } }, own)).toMatchObject({
      tenant: { ...own, default_pool_size: 3, users: [{ ...own.users[0], pool_size: 3 }] },
    });
  });

  test.each([
    [{}, 'db_host'],
    [{ ...place, db_port: 0, users: [user] }, 'db_port'],
    [{ ...place, db_port: '5432', users: [user] }, 'db_port'],
    [{ ...place, db_host: 'a\nb', users: [user] }, 'db_host'],
    [{ ...place, external_id: 'other', users: [user] }, 'external_id'],
    [{ ...place, ip_version: 'v5', users: [user] }, 'ip_version'],
    [{ ...place, allow_list: ['300.0.0.0/8'], users: [user] }, 'allow_list'],
    [{ ...place, allow_list: ['10.0.0.0/33'], users: [user] }, 'allow_list'],
    [{ ...place, users: [] }, 'users'],
    [{ ...place, users: [{ db_user: 'a' }] }, 'users'],
    [{ ...place, users: [user, user] }, 'users'],
    [{ ...place, users: [{ ...user, pool_size: 0 }] }, 'users.pool_size'],
    [{ ...place, users: 'all' }, 'users'],
    [{ ...place, require_user: false, users: [user] }, 'users'],
    [{ ...place, require_user: false, users: [{ db_user: 'm', is_manager: true }] }, 'users'],
    [{ ...place, default_parameter_status: { a: 1 }, users: [user] }, 'default_parameter_status'],
  ])('refused: %j for its %s', (tenant, field) => {
    expect(Object.keys(problemsOf(tenant))).toContain(field);
  });

  test('a manager of the program’s own needs no password, any other does', () => {
    const manager = { db_user: 'pgbouncer', is_manager: true };
    expect(problemsOf({ users: [manager] }, own, 'own')).toEqual({});
    expect(problemsOf({ users: [{ ...manager, db_user: 'm' }] }, own, 'own')).toHaveProperty('users');
    expect(problemsOf({ users: [user], require_user: true }, own, 'own')).toEqual({});
  });

  test('whatever is put, it is refused or reads back the same', () => {
    const field = fc.constantFrom(...Object.keys(own), 'db_user', 'db_password', 'max_clients');
    const body = fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.constant([user]), fc.nat(70_000), fc.boolean()));
    fc.assert(
      fc.property(body, (tenant) => {
        const parsed = parseTenant('own', { tenant }, own);
        if ('problems' in parsed) return;
        const users = parsed.tenant.users.map((each) => ({
          ...each,
          db_password: parsed.passwords.get(each.db_user_alias),
        }));
        expect(parseTenant('own', { tenant: { ...parsed.tenant, users } }, own)).toEqual(parsed);
      }),
    );
  });
});

test('clusters have members, and at most one of them writes', () => {
  const writer = { type: 'write', tenant_external_id: 'a' };
  expect(parseCluster('c', { cluster: { cluster_tenants: [writer] } })).toEqual({
    alias: 'c',
    active: true,
    cluster_tenants: [{ ...writer, active: true }],
  });
  expect(parseCluster('c', { cluster: { cluster_tenants: [writer, { ...writer, active: false }] } })).toHaveProperty(
    'alias',
  );
  for (const cluster of [{}, { cluster_tenants: [] }, { cluster_tenants: [writer, writer] }, { cluster_tenants: [{}] }])
    expect(parseCluster('c', { cluster })).toHaveProperty('problems');
  expect(parseCluster('a b', { cluster: { cluster_tenants: [writer] } })).toHaveProperty('problems.alias');
  expect(parseCluster('c', undefined)).toHaveProperty('problems.cluster');
});

test('sealed passwords open with the same key for the same owner alone', () => {
  const sealed = createSeal('k'.repeat(32)).seal('password', 'owner');
  expect(sealed).not.toContain('password');
  expect(createSeal('k'.repeat(32)).open(sealed, 'owner')).toBe('password');
  expect(() => createSeal('k'.repeat(32)).open(sealed, 'other')).toThrow();
  expect(() => createSeal('l'.repeat(32)).open(sealed, 'owner')).toThrow();
});
