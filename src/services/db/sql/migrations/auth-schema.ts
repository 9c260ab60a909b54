import { type Step, schemaExists } from '../step.ts';

/** One claim: the per-claim setting of old PostgREST versions first, then the JSON one; NULL when neither is set. */
function claim(name: string): string {
  return `coalesce(
    nullif(current_setting('request.jwt.claim.${name}', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> '${name}'
  )`;
}

/** A helper that policies call. The auth service owns it, since its own migrations replace it. */
function helper(name: string, type: string, body: string): string {
  return `
create function auth.${name}() returns ${type} language sql stable as $$
  select ${body}::${type}
$$;
alter function auth.${name}() owner to supabase_auth_admin;
`;
}

/** Schema `auth` with the helpers for row level security; its tables belong to the auth service's migrations. */
export const authSchemaSteps: readonly Step[] = [
  {
    version: 'schema/auth',
    unless: schemaExists('auth'),
    sql: ({ admin }) => `
create schema auth authorization ${admin};
grant usage on schema auth to anon, authenticated, service_role, postgres;
grant all on schema auth to supabase_auth_admin, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on functions to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on sequences to postgres, dashboard_user;
${helper('uid', 'uuid', claim('sub'))}
${helper('role', 'text', claim('role'))}
${helper('email', 'text', claim('email'))}
${helper(
  'jwt',
  'jsonb',
  `coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )`,
)}
`,
  },
];
