import { type Step, schemaExists } from '../step.ts';
import { netGrants } from './extension-grants.ts';

interface DefaultExtension {
  readonly name: string;
  readonly schema: string;
  /** The project's owner gets it, to drop or move it, where the server trusts it with that. */
  readonly ofProject: boolean;
}

/** Extensions a new database has: `pg_net` is declared in `extensions`, its objects live in `net`. */
const defaultExtensions: readonly DefaultExtension[] = [
  { name: 'uuid-ossp', schema: 'extensions', ofProject: true },
  { name: 'pgcrypto', schema: 'extensions', ofProject: true },
  { name: 'pg_stat_statements', schema: 'extensions', ofProject: true },
  { name: 'pgjwt', schema: 'extensions', ofProject: true },
  { name: 'pg_net', schema: 'extensions', ofProject: true },
  { name: 'supabase_vault', schema: 'vault', ofProject: false },
];

/** Creates the extensions a Supabase database starts with, as far as the server has them. */
export const extensionSteps: readonly Step[] = [
  ...defaultExtensions.map((extension) => ({
    version: `extension/${extension.name}`,
    unless: `exists (select from pg_extension where extname = '${extension.name}')`,
    sql: () => `create extension "${extension.name}" with schema ${extension.schema}`,
    extension: { name: extension.name, ofProject: extension.ofProject },
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
    ${netGrants}
  end if;
end
$$`,
  },
];
