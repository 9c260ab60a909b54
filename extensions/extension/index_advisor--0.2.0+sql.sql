-- The original tries indexes as hypothetical ones of hypopg, which is C. Here the query is planned as it is, its parameters
-- as unknown values, and `errors` says that no index was tried.

create function index_advisor(query text) returns table (
  startup_cost_before jsonb,
  startup_cost_after jsonb,
  total_cost_before jsonb,
  total_cost_after jsonb,
  index_statements text[],
  errors text[]
) language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
declare
  statement_name constant text := 'index_advisor_' || pg_catalog.pg_backend_pid();
  parameters integer;
  explained json;
begin
  index_statements := '{}';
  begin
    execute format('prepare %I as %s', statement_name, query);
    select cardinality(parameter_types) into parameters
    from pg_catalog.pg_prepared_statements as prepared where prepared.name = statement_name;
    execute format(
      'explain (format json) execute %I%s',
      statement_name,
      case when parameters > 0 then format('(%s)', array_to_string(array_fill('null'::text, array[parameters]), ',')) end
    ) into explained;
    startup_cost_before := explained -> 0 -> 'Plan' -> 'Startup Cost';
    total_cost_before := explained -> 0 -> 'Plan' -> 'Total Cost';
    startup_cost_after := startup_cost_before;
    total_cost_after := total_cost_before;
    errors := array['hypopg is not installed: no index was tried'];
  exception when others then
    errors := array[sqlerrm];
  end;
  if exists (select from pg_catalog.pg_prepared_statements as prepared where prepared.name = statement_name) then
    execute format('deallocate %I', statement_name);
  end if;
  return next;
end
$$;
