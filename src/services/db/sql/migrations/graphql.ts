import { type Step, schemaExists } from '../step.ts';
import { exposeNewObjects } from './user-schemas.ts';

/** `graphql_public.graphql` while pg_graphql is not installed: one error object, as GraphQL clients expect it. */
export const graphqlPlaceholder = `
create or replace function graphql_public.graphql(
  "operationName" text default null,
  query text default null,
  variables jsonb default null,
  extensions jsonb default null
) returns jsonb language sql stable as $placeholder$
  select jsonb_build_object(
    'errors', jsonb_build_array(jsonb_build_object('message', 'pg_graphql extension is not enabled.'))
  )
$placeholder$;
grant execute on function graphql_public.graphql(text, text, jsonb, jsonb)
  to postgres, anon, authenticated, service_role;
`;

/** The same function once pg_graphql is there. */
export const graphqlEntry = `
create function graphql_public.graphql(
  "operationName" text default null,
  query text default null,
  variables jsonb default null,
  extensions jsonb default null
) returns jsonb language sql as $entry$
  select graphql.resolve(
    query := query,
    variables := coalesce(variables, '{}'),
    "operationName" := "operationName",
    extensions := extensions
  )
$entry$;
grant execute on function graphql_public.graphql(text, text, jsonb, jsonb)
  to postgres, anon, authenticated, service_role;
`;

/** Schemas `graphql` (the extension's) and `graphql_public` (what REST exposes). */
export const graphqlSteps: readonly Step[] = [
  {
    version: 'schema/graphql',
    unless: schemaExists('graphql'),
    sql: ({ admin }) => grants('graphql', admin),
  },
  {
    version: 'schema/graphql_public',
    unless: schemaExists('graphql_public'),
    sql: ({ admin }) => `${grants('graphql_public', admin)}\n${graphqlPlaceholder}`,
  },
];

function grants(schema: string, admin: string): string {
  return `
create schema ${schema} authorization ${admin};
grant usage on schema ${schema} to postgres with grant option;
grant usage on schema ${schema} to anon, authenticated, service_role;
${exposeNewObjects(admin, schema)}
`;
}
