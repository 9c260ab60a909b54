import { type Step, type StepContext, schemaExists } from '../step.ts';
import { exposeNewObjects } from './user-schemas.ts';

/** Schemas of the services whose objects come from the service's own migrations. */
export const serviceSchemaSteps: readonly Step[] = [
  schema(
    'storage',
    () => `
grant usage on schema storage to anon, authenticated, service_role, postgres;
grant all on schema storage to supabase_storage_admin, dashboard_user;
${exposeNewObjects('postgres', 'storage')}
`,
  ),
  schema(
    'realtime',
    ({ admin }) => `
grant usage on schema realtime to postgres;
alter default privileges for role ${admin} in schema realtime grant all on tables to postgres, dashboard_user;
alter default privileges for role ${admin} in schema realtime grant all on functions to postgres, dashboard_user;
alter default privileges for role ${admin} in schema realtime grant all on sequences to postgres, dashboard_user;
`,
  ),
  schema('_realtime', () => ''),
  schema(
    'vault',
    () => `
grant usage on schema vault to postgres with grant option;
grant usage on schema vault to service_role;
`,
  ),
  // Tables of this product itself, which no mirrored service's schema may hold.
  schema('_pmoves', () => 'grant usage, create on schema _pmoves to supabase_auth_admin;'),
  {
    version: 'schema/_pmoves/storage',
    unless: `exists (
      select from pg_namespace n, aclexplode(n.nspacl) given
      where n.nspname = '_pmoves' and given.grantee = to_regrole('supabase_storage_admin') and given.privilege_type = 'CREATE'
    )`,
    sql: () => 'grant usage, create on schema _pmoves to supabase_storage_admin;',
  },
  // Vector buckets need the extension's type, and the extension where nobody made it yet.
  {
    version: 'schema/extensions/storage',
    unless: `coalesce(
      has_schema_privilege(to_regrole('supabase_storage_admin'), to_regnamespace('extensions'), 'usage'), false)`,
    sql: () => 'grant usage on schema extensions to supabase_storage_admin;',
  },
  {
    version: 'database/storage',
    unless: `coalesce(
      has_database_privilege(to_regrole('supabase_storage_admin'), current_database(), 'create'), false)`,
    sql: ({ database }) => `grant create on database ${database} to supabase_storage_admin;`,
  },
];

function schema(name: string, rest: (context: StepContext) => string): Step {
  return {
    version: `schema/${name}`,
    unless: schemaExists(name),
    sql: (context) => `create schema ${name} authorization ${context.admin};\n${rest(context)}`,
  };
}
