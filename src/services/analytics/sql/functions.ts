/** Functions that rewritten queries use, so that a value of another form is null and no failure. */
export function functionStatements(schema: string): string[] {
  return [
    `create or replace function ${schema}.as_number(value text) returns numeric
      language sql immutable parallel safe as
      $$ select case when value ~ '^\\s*[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d{1,2})?\\s*$' then value::numeric end $$`,
    `create or replace function ${schema}.as_boolean(value text) returns boolean
      language sql immutable parallel safe as
      $$ select case when lower(value) in ('true', 't', '1') then true when lower(value) in ('false', 'f', '0') then false end $$`,
    `create or replace function ${schema}.as_timestamp(value text) returns timestamptz
      language sql stable parallel safe as
      $$ select case when value ~ '^\\s*\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?( ?(Z|UTC|[-+]\\d\\d(:?\\d\\d)?))?)?\\s*$'
                     then value::timestamptz end $$`,
  ];
}
