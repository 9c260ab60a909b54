import { asObject, type FieldProblems, type FieldReader, fieldsOf } from './body-fields.ts';
import type { Tenant, TenantUser } from './tenant.ts';

/** A tenant and the passwords of its users, by alias. */
export interface TenantRecord {
  readonly tenant: Tenant;
  readonly passwords: ReadonlyMap<string, string>;
}

/** Supavisor's defaults for what a body does not say. */
const common = {
  ip_version: 'auto',
  require_user: true,
  auth_query: 'SELECT * FROM pgbouncer.get_auth($1)',
  enforce_ssl: false,
  upstream_ssl: false,
  upstream_verify: 'none',
  upstream_tls_ca: null,
  sni_hostname: null,
  default_pool_size: 15,
  default_max_clients: 1_000,
  client_idle_timeout: 0,
  allow_list: ['0.0.0.0/0', '::/0'],
  availability_zone: null,
  default_parameter_status: {},
} as const satisfies Partial<Tenant>;

const longestId = 64;
const longestCertificate = 64 * 1024;
const longestTime = 2 ** 31 - 1;
const mostConnections = 10_000;
const mostClients = 1_000_000;

/**
 * Reads the body of `PUT /api/tenants/:id`.
 *
 * @param own what holds where the body says nothing, for the tenant of the settings; its manager needs no password here,
 *   since it is the program's own
 * @returns the whole tenant, or what is wrong
 */
export function parseTenant(
  id: string,
  body: unknown,
  own: Tenant | undefined,
): TenantRecord | { readonly problems: FieldProblems } {
  const given = asObject(asObject(body)?.tenant);
  if (!given) return { problems: { tenant: ["can't be blank"] } };
  const fields = fieldsOf(given);
  if (!/^[\w.-]+$/.test(id) || id.length > longestId) fields.problems.external_id = ['has invalid format'];
  if (given.external_id !== undefined && given.external_id !== id)
    fields.problems.external_id = ['differs from the one in the path'];
  const poolSize = fields.integer(
    'default_pool_size',
    own?.default_pool_size ?? common.default_pool_size,
    1,
    mostConnections,
  );
  const base = own ?? common;
  const tenant: Omit<Tenant, 'users'> = {
    external_id: id,
    db_host: fields.text('db_host', own?.db_host),
    db_port: fields.integer('db_port', own?.db_port, 1, 65_535),
    db_database: fields.text('db_database', own?.db_database, 63),
    ip_version: fields.choice('ip_version', ['v4', 'v6', 'auto'], base.ip_version),
    require_user: fields.flag('require_user', base.require_user),
    auth_query: fields.text('auth_query', base.auth_query, 2_000),
    enforce_ssl: fields.flag('enforce_ssl', base.enforce_ssl),
    upstream_ssl: fields.flag('upstream_ssl', base.upstream_ssl),
    upstream_verify: fields.choice('upstream_verify', ['none', 'peer'], base.upstream_verify),
    upstream_tls_ca: fields.optionalText('upstream_tls_ca', base.upstream_tls_ca, longestCertificate),
    sni_hostname: fields.optionalText('sni_hostname', base.sni_hostname),
    default_pool_size: poolSize,
    default_max_clients: fields.integer('default_max_clients', base.default_max_clients, 1, mostClients),
    client_idle_timeout: fields.integer('client_idle_timeout', base.client_idle_timeout, 0, longestTime / 1_000),
    client_heartbeat_interval: 0,
    allow_list: fields.ranges('allow_list', base.allow_list),
    availability_zone: fields.optionalText('availability_zone', base.availability_zone),
    default_parameter_status: fields.texts('default_parameter_status', base.default_parameter_status),
    feature_flags: { named_prepared_statements: true },
  };
  const passwords = new Map<string, string>();
  const users = (fields.objects('users') ?? []).map((each) => userOf(fieldsOf(each), poolSize, passwords, fields));
  if (users.length === 0 && own) users.push(...own.users.map((user) => ({ ...user, pool_size: poolSize })));
  check(tenant.require_user, users, passwords, fields, own);
  if (Object.keys(fields.problems).length > 0) return { problems: fields.problems };
  return { tenant: { ...tenant, users }, passwords };
}

function userOf(fields: FieldReader, poolSize: number, passwords: Map<string, string>, all: FieldReader): TenantUser {
  const role = fields.text('db_user', undefined, 63);
  const alias = fields.text('db_user_alias', role || undefined, 63);
  const password = fields.optionalText('db_password', null, 1_000);
  if (password) passwords.set(alias, password);
  const user: TenantUser = {
    db_user: role,
    db_user_alias: alias,
    is_manager: fields.flag('is_manager', false),
    mode_type: fields.choice('mode_type', ['transaction', 'session'], 'transaction'),
    pool_size: fields.integer('pool_size', poolSize, 1, mostConnections),
    pool_checkout_timeout: fields.integer('pool_checkout_timeout', 60_000, 0, longestTime),
    max_clients: fields.integer('max_clients', 0, 0, mostClients) || null,
  };
  for (const [name, texts] of Object.entries(fields.problems)) all.problems[`users.${name}`] = texts;
  return user;
}

function check(
  requireUser: boolean,
  users: readonly TenantUser[],
  passwords: ReadonlyMap<string, string>,
  { problems }: FieldReader,
  own: Tenant | undefined,
): void {
  const complain = (text: string): void => {
    problems.users = [...(problems.users ?? []), text];
  };
  if (new Set(users.map(({ db_user_alias }) => db_user_alias)).size < users.length)
    complain('have the same alias more than once');
  if (requireUser) {
    if (users.length === 0) complain("can't be blank");
    for (const { db_user_alias: alias } of users) if (!passwords.has(alias)) complain(`${alias} has no password`);
    return;
  }
  const managers = users.filter(({ is_manager }) => is_manager);
  const [manager] = managers;
  if (managers.length !== 1 || !manager) complain('need exactly one manager, since require_user is false');
  else if (!passwords.has(manager.db_user_alias) && manager.db_user !== own?.users[0]?.db_user)
    complain(`${manager.db_user_alias} has no password`);
}
