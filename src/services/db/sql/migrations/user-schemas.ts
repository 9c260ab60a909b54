import { type Step, schemaExists } from '../step.ts';

/** ALL on what `creator` makes in `schema` from now on, for the project's owner and the API roles. */
export function exposeNewObjects(creator: string, schema: string): string {
  return `
alter default privileges for role ${creator} in schema ${schema}
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role ${creator} in schema ${schema}
  grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role ${creator} in schema ${schema}
  grant all on sequences to postgres, anon, authenticated, service_role;
`;
}

/** The schemas users write to: `public` and `extensions`. */
export const userSchemaSteps: readonly Step[] = [
  {
    version: 'schema/public',
    unless: `exists (
      select from pg_namespace, aclexplode(nspacl) as acl where nspname = 'public' and acl.grantee = to_regrole('anon')::oid
    )`,
    sql: ({ admin }) => `
grant usage on schema public to postgres, anon, authenticated, service_role;
${exposeNewObjects('postgres', 'public')}
${exposeNewObjects(admin, 'public')}
`,
  },
  {
    version: 'schema/extensions',
    unless: schemaExists('extensions'),
    sql: ({ admin }) => `
create schema extensions authorization postgres;
grant usage on schema extensions to anon, authenticated, service_role;
grant all on schema extensions to dashboard_user, ${admin};
alter default privileges for role ${admin} in schema extensions
  grant all on tables to postgres with grant option;
alter default privileges for role ${admin} in schema extensions
  grant all on functions to postgres with grant option;
alter default privileges for role ${admin} in schema extensions
  grant all on sequences to postgres with grant option;
`,
  },
];
