import type { Catalog } from './catalog.ts';

/** Columns of everything that has rows. `data_type` is what information_schema says, `format` the type's own name. */
export const columns: Catalog = {
  thing: 'a column',
  schema: 'schema',
  order: 'table_id, ordinal_position',
  rows: `
    select c.oid::int8 as table_id,
      n.nspname as schema,
      c.relname as "table",
      c.oid || '.' || a.attnum as id,
      a.attnum as ordinal_position,
      a.attname as name,
      case when a.atthasdef then pg_get_expr(d.adbin, d.adrelid) end as default_value,
      case
        when base.typelem <> 0 and base.typlen = -1 then 'ARRAY'
        when base_schema.nspname = 'pg_catalog' then format_type(base.oid, null)
        else 'USER-DEFINED'
      end as data_type,
      base.typname as format,
      a.attidentity in ('a', 'd') as is_identity,
      case a.attidentity when 'a' then 'ALWAYS' when 'd' then 'BY DEFAULT' end as identity_generation,
      a.attgenerated <> '' as is_generated,
      not (a.attnotnull or t.typtype = 'd' and t.typnotnull) as is_nullable,
      c.relkind in ('r', 'p') or c.relkind in ('v', 'f') and pg_column_is_updatable(c.oid, a.attnum, false)
        as is_updatable,
      exists (
        select from pg_constraint u
        where u.conrelid = c.oid and u.contype = 'u' and u.conkey = array[a.attnum]
      ) as is_unique,
      coalesce(
        (
          select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
          where e.enumtypid in (base.oid, base.typelem)
        ),
        '[]'
      ) as enums,
      (
        select substring(pg_get_constraintdef(k.oid, true) from 'CHECK \\((.*)\\)') from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
        order by k.oid limit 1
      ) as "check",
      col_description(c.oid, a.attnum) as comment
    from pg_attribute a
      join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
      join pg_type t on t.oid = a.atttypid
      join pg_type base on base.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
      join pg_namespace base_schema on base_schema.oid = base.typnamespace
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'm', 'f', 'p')
      and not pg_is_other_temp_schema(n.oid)
      and (
        pg_has_role(c.relowner, 'USAGE')
        or has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES')
      )`,
};
