import { type Step, schemaExists } from '../step.ts';

/** Extensions a new database has, and where: `pg_net` is declared in `extensions`, its objects live in `net`. */
const defaultExtensions: readonly (readonly [name: string, schema: string])[] = [
  ['uuid-ossp', 'extensions'],
  ['pgcrypto', 'extensions'],
  ['pg_stat_statements', 'extensions'],
  ['pgjwt', 'extensions'],
  ['pg_net', 'extensions'],
  ['supabase_vault', 'vault'],
];

/** Creates the extensions a Supabase database starts with, as far as the server has them. */
export const extensionSteps: readonly Step[] = [
  ...defaultExtensions.map(([name, schema]) => ({
    version: `extension/${name}`,
    unless: `exists (select from pg_extension where extname = '${name}')`,
    sql: () => `create extension "${name}" with schema ${schema}`,
    extension: name,
  })),
  {
    // Where pg_net cannot be had, its schema still has to be there for the grants of others.
    version: 'schema/net',
    unless: schemaExists('net'),
    sql: ({ admin }) => `
do $$
begin
  if to_regnamespace('net') is null then
    create schema net authorization ${admin};
    grant usage on schema net to supabase_functions_admin, postgres, anon, authenticated, service_role;
  end if;
end
$$`,
  },
];
