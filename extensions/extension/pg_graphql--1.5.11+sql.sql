create function graphql.resolve(
  query text,
  variables jsonb default '{}',
  "operationName" text default null,
  extensions jsonb default null
) returns jsonb language sql stable
return jsonb_build_object(
  'errors', jsonb_build_array(jsonb_build_object('message', 'pg_graphql extension is not enabled.'))
);
