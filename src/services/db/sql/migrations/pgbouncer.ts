import { type Step, schemaExists } from '../step.ts';

/** Where poolers look passwords up. Expired roles get none, roles that cannot log in are not found. */
export const pgbouncerSteps: readonly Step[] = [
  {
    version: 'schema/pgbouncer',
    unless: schemaExists('pgbouncer'),
    sql: () => `
create schema pgbouncer authorization pgbouncer;
create function pgbouncer.get_auth(p_usename text) returns table (username text, password text)
language sql stable security definer set search_path = '' as $$
  select
    rolname::text,
    case when rolvaliduntil < now() then null else rolpassword end
  from pg_catalog.pg_authid
  where rolname = p_usename and rolcanlogin
$$;
revoke all on function pgbouncer.get_auth(text) from public;
grant execute on function pgbouncer.get_auth(text) to pgbouncer;
`,
  },
];
