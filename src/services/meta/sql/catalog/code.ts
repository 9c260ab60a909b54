import type { Catalog } from './catalog.ts';

/** Functions; procedures, aggregates and window functions are none. */
export const functions: Catalog = {
  thing: 'a function',
  schema: 'schema',
  order: 'schema, name, identity_argument_types',
  rows: `
    select p.oid::int8 as id,
      n.nspname as schema,
      p.proname as name,
      l.lanname as language,
      case l.lanname when 'internal' then '' else p.prosrc end as definition,
      case l.lanname when 'internal' then p.prosrc else pg_get_functiondef(p.oid) end as complete_statement,
      coalesce(
        (
          select json_agg(
            json_build_object(
              'mode', case a.mode when 'i' then 'in' when 'o' then 'out' when 'b' then 'inout' when 'v' then 'variadic'
                else 'table' end,
              'name', coalesce(p.proargnames[a.place], ''),
              'type_id', a.type::int8,
              'has_default', case when a.mode in ('o', 't') then null
                else a.input > p.pronargs - p.pronargdefaults end
            )
            order by a.place
          )
          from (
            select types.type, types.place, coalesce(p.proargmodes[types.place], 'i') as mode,
              count(*) filter (where coalesce(p.proargmodes[types.place], 'i') in ('i', 'b', 'v'))
                over (order by types.place) as input
            from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as types (type, place)
          ) a
        ),
        '[]'
      ) as args,
      pg_get_function_arguments(p.oid) as argument_types,
      pg_get_function_identity_arguments(p.oid) as identity_argument_types,
      p.prorettype::int8 as return_type_id,
      pg_get_function_result(p.oid) as return_type,
      nullif(t.typrelid, 0)::int8 as return_type_relation_id,
      p.proretset as is_set_returning_function,
      case when p.proretset then nullif(p.prorows, 0) end as prorows,
      case p.provolatile when 'i' then 'IMMUTABLE' when 's' then 'STABLE' else 'VOLATILE' end as behavior,
      p.prosecdef as security_definer,
      (
        select json_object_agg(split_part(s.setting, '=', 1), substring(s.setting from position('=' in s.setting) + 1))
        from unnest(p.proconfig) as s (setting)
      ) as config_params
    from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      join pg_language l on l.oid = p.prolang
      join pg_type t on t.oid = p.prorettype
    where p.prokind = 'f'`,
};

/** Triggers that somebody made, not those behind constraints. */
export const triggers: Catalog = {
  thing: 'a trigger',
  schema: 'schema',
  order: 'schema, "table", name',
  rows: `
    select t.oid::int8 as id,
      t.tgrelid::int8 as table_id,
      case t.tgenabled when 'O' then 'ORIGIN' when 'R' then 'REPLICA' when 'A' then 'ALWAYS' else 'DISABLED' end
        as enabled_mode,
      coalesce(
        (
          select json_agg(convert_from(decode(argument.hex[1], 'hex'), getdatabaseencoding()) order by argument.place)
          from regexp_matches(encode(t.tgargs, 'hex'), '((?:[1-9a-f].|0[1-9a-f])*)00', 'g')
            with ordinality as argument (hex, place)
        ),
        '[]'
      ) as function_args,
      t.tgname as name,
      c.relname as "table",
      n.nspname as schema,
      (
        regexp_match(pg_get_triggerdef(t.oid), ' FOR EACH (?:ROW|STATEMENT) WHEN \\((.*)\\) EXECUTE FUNCTION ')
      )[1] as condition,
      case when t.tgtype & 1 <> 0 then 'ROW' else 'STATEMENT' end as orientation,
      case when t.tgtype & 2 <> 0 then 'BEFORE' when t.tgtype & 64 <> 0 then 'INSTEAD OF' else 'AFTER' end
        as activation,
      array_remove(
        array[
          case when t.tgtype & 4 <> 0 then 'INSERT' end,
          case when t.tgtype & 16 <> 0 then 'UPDATE' end,
          case when t.tgtype & 8 <> 0 then 'DELETE' end,
          case when t.tgtype & 32 <> 0 then 'TRUNCATE' end
        ],
        null
      ) as events,
      p.proname as function_name,
      pn.nspname as function_schema
    from pg_trigger t
      join pg_class c on c.oid = t.tgrelid
      join pg_namespace n on n.oid = c.relnamespace
      join pg_proc p on p.oid = t.tgfoid
      join pg_namespace pn on pn.oid = p.pronamespace
    where not t.tgisinternal`,
};

/** Types that somebody made: no rows of tables, and arrays only on request. */
export const types = (withArrays: boolean): Catalog => ({
  thing: 'a type',
  schema: 'schema',
  order: 'schema, name',
  rows: `${anyType.rows}
    where (t.typrelid = 0 or (select c.relkind = 'c' from pg_class c where c.oid = t.typrelid))
      ${withArrays ? '' : 'and not exists (select from pg_type e where e.typarray = t.oid)'}`,
});

/** Every type there is. */
export const anyType: Catalog = {
  thing: 'a type',
  order: 'id',
  rows: `
    select t.oid::int8 as id,
      t.typname as name,
      n.nspname as schema,
      format_type(t.oid, null) as format,
      coalesce(
        (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
        '[]'
      ) as enums,
      coalesce(
        (
          select json_agg(json_build_object('name', a.attname, 'type_id', a.atttypid::int8) order by a.attnum)
          from pg_class c join pg_attribute a on a.attrelid = c.oid
          where c.oid = t.typrelid and c.relkind = 'c' and a.attnum > 0 and not a.attisdropped
        ),
        '[]'
      ) as attributes,
      obj_description(t.oid, 'pg_type') as comment,
      nullif(t.typrelid, 0)::int8 as type_relation_id
    from pg_type t join pg_namespace n on n.oid = t.typnamespace`,
};
