import type { Step } from '../step.ts';
import { cronGrants, netGrants } from './extension-grants.ts';
import { graphqlEntry, graphqlPlaceholder } from './graphql.ts';

interface EventTrigger {
  readonly name: string;
  readonly function: string;
  readonly event: 'ddl_command_end' | 'sql_drop';
  readonly tag?: string;
  readonly body: string;
}

/** Command tags after which PostgREST must read the schema again. */
const reloadTags = [
  'CREATE SCHEMA',
  'ALTER SCHEMA',
  'CREATE TABLE',
  'CREATE TABLE AS',
  'SELECT INTO',
  'ALTER TABLE',
  'CREATE FOREIGN TABLE',
  'ALTER FOREIGN TABLE',
  'CREATE VIEW',
  'ALTER VIEW',
  'CREATE MATERIALIZED VIEW',
  'ALTER MATERIALIZED VIEW',
  'CREATE FUNCTION',
  'ALTER FUNCTION',
  'CREATE TRIGGER',
  'CREATE TYPE',
  'ALTER TYPE',
  'CREATE RULE',
  'COMMENT',
];

const reloadKinds = [
  'schema',
  'table',
  'foreign table',
  'view',
  'materialized view',
  'function',
  'trigger',
  'type',
  'rule',
];

const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/** Condition inside a trigger function: the command that just ended created this extension. */
const created = (extension: string): string => `exists (
    select from pg_event_trigger_ddl_commands() as command
    join pg_extension as extension on extension.oid = command.objid and command.classid = 'pg_extension'::regclass
    where extension.extname = '${extension}'
  )`;

/** Grants on an extension's own schema must be made by that schema's owner, hence SECURITY DEFINER throughout. */
const eventTriggers: readonly EventTrigger[] = [
  {
    name: 'pgrst_ddl_watch',
    function: 'pgrst_ddl_watch',
    event: 'ddl_command_end',
    body: `
  if exists (
    select from pg_event_trigger_ddl_commands() as command
    where command.command_tag in (${list(reloadTags)})
      and command.schema_name is distinct from 'pg_temp'
  ) then
    notify pgrst, 'reload schema';
  end if;`,
  },
  {
    name: 'pgrst_drop_watch',
    function: 'pgrst_drop_watch',
    event: 'sql_drop',
    body: `
  if exists (
    select from pg_event_trigger_dropped_objects() as dropped
    where dropped.object_type in (${list(reloadKinds)}) and not dropped.is_temporary
  ) then
    notify pgrst, 'reload schema';
  end if;`,
  },
  {
    name: 'issue_pg_cron_access',
    function: 'grant_pg_cron_access',
    event: 'ddl_command_end',
    tag: 'CREATE EXTENSION',
    body: `
  if ${created('pg_cron')} then${cronGrants}
  end if;`,
  },
  {
    name: 'issue_pg_net_access',
    function: 'grant_pg_net_access',
    event: 'ddl_command_end',
    tag: 'CREATE EXTENSION',
    body: `
  if ${created('pg_net')} then
    if to_regrole('supabase_functions_admin') is null then
      create role supabase_functions_admin login noinherit createrole;
    end if;
    ${netGrants}
  end if;`,
  },
  {
    name: 'issue_pg_graphql_access',
    function: 'grant_pg_graphql_access',
    event: 'ddl_command_end',
    tag: 'CREATE FUNCTION',
    body: `
  if exists (
    select from pg_event_trigger_ddl_commands() as command
    where command.object_identity like 'graphql.resolve(%'
  ) then
    drop function if exists graphql_public.graphql(text, text, jsonb, jsonb);
    ${graphqlEntry}
  end if;`,
  },
  {
    name: 'issue_graphql_placeholder',
    function: 'set_graphql_placeholder',
    event: 'sql_drop',
    tag: 'DROP EXTENSION',
    body: `
  if exists (
    select from pg_event_trigger_dropped_objects() as dropped
    where dropped.object_type = 'extension' and dropped.object_name = 'pg_graphql'
  ) then
    ${graphqlPlaceholder}
  end if;`,
  },
  {
    // Only superusers may own a wrapper, so the project's owner could make no server with it otherwise.
    name: 'issue_fdw_access',
    function: 'grant_fdw_access',
    event: 'ddl_command_end',
    tag: 'CREATE EXTENSION',
    body: `
  if ${created('postgres_fdw')} then
    grant usage on foreign data wrapper postgres_fdw to postgres with grant option;
  end if;
  if ${created('dblink')} then
    grant usage on foreign data wrapper dblink_fdw to postgres with grant option;
  end if;`,
  },
];

/** Event triggers that tell PostgREST about schema changes and hand extensions to the project's owner. */
export const eventTriggerSteps: readonly Step[] = eventTriggers.map((trigger) => ({
  version: `event-trigger/${trigger.name}`,
  unless: `exists (select from pg_event_trigger where evtname = '${trigger.name}')`,
  sql: ({ admin }) => `
create function extensions.${trigger.function}() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $watch$
begin${trigger.body}
end
$watch$;
alter function extensions.${trigger.function}() owner to ${admin};
create event trigger ${trigger.name} on ${trigger.event}
  ${trigger.tag ? `when tag in ('${trigger.tag}')` : ''}
  execute function extensions.${trigger.function}();
`,
}));
