import { roleExists, type Step, type StepContext } from '../step.ts';

interface Role {
  readonly name: string;
  readonly attributes: string;
  /** `SET` clauses of ALTER ROLE. */
  readonly settings?: readonly string[];
}

const adminSettings = ['search_path = "$user", public, auth, extensions', "log_statement = 'none'"];

/** The roles of a Supabase database with their attributes and settings. */
const roles: readonly Role[] = [
  { name: 'supabase_admin', attributes: 'superuser login createdb createrole replication bypassrls' },
  {
    name: 'postgres',
    attributes: 'nosuperuser login createdb createrole replication bypassrls',
    // The backslash is part of the stored value in every Supabase database.
    settings: ['search_path = "\\$user", public, extensions'],
  },
  { name: 'anon', attributes: 'nologin', settings: ["statement_timeout = '3s'"] },
  { name: 'authenticated', attributes: 'nologin', settings: ["statement_timeout = '8s'"] },
  { name: 'service_role', attributes: 'nologin bypassrls' },
  {
    name: 'authenticator',
    attributes: 'login noinherit',
    settings: ["statement_timeout = '8s'", "lock_timeout = '8s'"],
  },
  {
    name: 'supabase_auth_admin',
    attributes: 'login noinherit createrole',
    settings: ['search_path = auth', 'idle_in_transaction_session_timeout = 60000', "log_statement = 'none'"],
  },
  {
    name: 'supabase_storage_admin',
    attributes: 'login noinherit createrole',
    settings: ['search_path = storage', "log_statement = 'none'"],
  },
  {
    name: 'supabase_functions_admin',
    attributes: 'login noinherit createrole',
    settings: ['search_path = supabase_functions'],
  },
  { name: 'supabase_realtime_admin', attributes: 'nologin noinherit' },
  { name: 'supabase_replication_admin', attributes: 'login replication' },
  {
    name: 'supabase_read_only_user',
    attributes: 'login bypassrls',
    settings: ['default_transaction_read_only = on'],
  },
  { name: 'dashboard_user', attributes: 'nologin createdb createrole replication' },
  { name: 'pgbouncer', attributes: 'login' },
];

const privileged = /\b(bypassrls|replication|createdb)\b/g;

/**
 * Creates the roles that are missing. Attributes that only superusers can give are a step of their own, so that the
 * role is there on servers that refuse them, and the refusal is reported.
 */
export const roleSteps: readonly Step[] = [
  ...roles.map(({ name, attributes, settings }) => ({
    version: `role/${name}`,
    unless: roleExists(name),
    asConnected: true,
    sql: ({ superuser }: StepContext) =>
      [
        `create role ${name} ${attributes.replace(privileged, '').trim()}`,
        ...settingStatements(name, settings, superuser),
      ].join(';\n'),
  })),
  ...roles.flatMap(({ name, attributes }) => {
    const wanted = attributes.match(privileged);
    return wanted
      ? [
          {
            version: `role-attributes/${name}`,
            unless: roleExists(name),
            asConnected: true,
            sql: () => `alter role ${name} ${wanted.join(' ')}`,
          },
        ]
      : [];
  }),
  {
    // A server of our own is born with this role, but without its settings.
    version: 'role-settings/supabase_admin',
    unless: `exists (select from pg_db_role_setting where setdatabase = 0 and setrole = to_regrole('supabase_admin')::oid)`,
    asConnected: true,
    sql: ({ superuser }) => settingStatements('supabase_admin', adminSettings, superuser).join(';\n'),
  },
];

function settingStatements(role: string, settings: readonly string[] = [], superuser: boolean): string[] {
  // log_statement is the one setting here that only superusers may give to a role.
  return settings
    .filter((setting) => superuser || !setting.startsWith('log_statement'))
    .map((setting) => `alter role ${role} set ${setting}`);
}

/**
 * Memberships. `postgres` also belongs to the owners of the service tables, since CREATE POLICY on `storage.objects`
 * or `realtime.messages` needs the table's owner. With ADMIN it can hand the API roles on and, from PostgreSQL 16 on,
 * change their settings (`ALTER ROLE authenticator SET pgrst.…`), for which CREATEROLE was enough before.
 */
export const membershipSteps: readonly Step[] = [
  membership('authenticator', 'grant anon, authenticated, service_role to authenticator'),
  membership('supabase_storage_admin', 'grant authenticator to supabase_storage_admin'),
  membership('supabase_read_only_user', 'grant pg_read_all_data to supabase_read_only_user'),
  {
    version: 'membership/postgres',
    unless: hasMembership('postgres'),
    asConnected: true,
    sql: ({ serverVersion }) => `
grant anon, authenticated, service_role to postgres with admin option;
grant supabase_functions_admin, supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;
${
  serverVersion < 160000
    ? ''
    : `
grant authenticator to postgres with admin true, inherit false, set false;
grant pg_create_subscription to postgres with admin option;`
}`,
  },
];

function membership(member: string, sql: string): Step {
  return { version: `membership/${member}`, unless: hasMembership(member), asConnected: true, sql: () => sql };
}

function hasMembership(member: string): string {
  return `exists (select from pg_auth_members where member = to_regrole('${member}')::oid)`;
}
