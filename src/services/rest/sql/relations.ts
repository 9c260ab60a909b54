/** Schemas of a list that exist. $1: names */
export const existingSchemas = `
select nspname::text as name from pg_catalog.pg_namespace where nspname = any ($1)`;

/**
 * Relations of all schemas but the system's; partitions are parts of their parents and left out. $1: exposed schemas
 */
export const relations = `
select c.oid::text, n.nspname::text as schema, c.relname::text as name, d.description as comment, c.relkind as kind,
  case when c.relkind in ('v', 'f') and n.nspname = any ($1)
    then pg_catalog.pg_relation_is_updatable(c.oid, true) end as events
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_description d
  on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_catalog.pg_class'::regclass
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp_)'
order by n.nspname, c.relname`;

/** Every domain with the type at its bottom and the length that holds there. */
export const domainBottoms = `
recursive domain_chain (domain, base, modifier) as (
  select oid, typbasetype, typtypmod from pg_catalog.pg_type where typtype = 'd'
  union all
  select chain.domain, t.typbasetype, case when chain.modifier >= 0 then chain.modifier else t.typtypmod end
  from domain_chain chain join pg_catalog.pg_type t on t.oid = chain.base and t.typtype = 'd'
), bottoms as (
  select chain.domain, chain.base, chain.modifier
  from domain_chain chain join pg_catalog.pg_type t on t.oid = chain.base and t.typtype <> 'd'
)`;

/**
 * Columns of exposed relations, a row for each relation with a JSON array of `ColumnCells`: a large schema has a hundred
 * thousand columns, most of which nobody asks for. An identity column given by default takes the next number of its
 * sequence; one given always, and a generated one, take none. $1: exposed schemas
 */
export const columns = `
with ${domainBottoms}
select a.attrelid::text as relation, pg_catalog.json_agg(pg_catalog.json_build_array(
  a.attnum::int, a.attname::text, d.description,
  not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)),
  pg_catalog.format_type(a.atttypid, a.atttypmod),
  pg_catalog.format_type(case when bn.nspname = 'pg_catalog' then b.oid else a.atttypid end, null),
  case when bn.nspname = 'pg_catalog' then b.typname::text else '' end,
  case when t.typtype = 'd' then t.oid::text end,
  case
    when b.typname in ('bpchar', 'varchar') and coalesce(bottoms.modifier, a.atttypmod) >= 4
      then coalesce(bottoms.modifier, a.atttypmod) - 4
    when b.typname in ('bit', 'varbit') and coalesce(bottoms.modifier, a.atttypmod) >= 0
      then coalesce(bottoms.modifier, a.atttypmod)
  end,
  case
    when a.attgenerated <> '' or a.attidentity = 'a' then null
    when a.attidentity = 'd' then pg_catalog.format('nextval(%L::regclass)', (
      select owned.objid::regclass from pg_catalog.pg_depend owned
      where owned.refclassid = 'pg_catalog.pg_class'::regclass and owned.refobjid = a.attrelid
        and owned.refobjsubid = a.attnum and owned.classid = 'pg_catalog.pg_class'::regclass and owned.deptype = 'i'))
    when ad.adbin is not null then pg_catalog.pg_get_expr(ad.adbin, ad.adrelid)
    when t.typdefaultbin is not null then pg_catalog.pg_get_expr(t.typdefaultbin, 0)
  end,
  case when b.typtype = 'e' then array(
    select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = b.oid order by e.enumsortorder) end
) order by a.attnum)::text as columns
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = a.atttypid
left join bottoms on bottoms.domain = t.oid
join pg_catalog.pg_type b on b.oid = coalesce(bottoms.base, t.oid)
join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
left join pg_catalog.pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
left join pg_catalog.pg_description d
  on d.objoid = a.attrelid and d.objsubid = a.attnum and d.classoid = 'pg_catalog.pg_class'::regclass
where a.attnum > 0 and not a.attisdropped and n.nspname = any ($1)
  and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
group by a.attrelid`;

/** Primary, unique and foreign keys of all schemas; what partitions inherit is left out. */
export const keys = `
select k.contype as kind, k.conname::text as name, k.conrelid::text as relation,
  k.conkey::int[] as numbers, near.names as columns,
  case when k.contype = 'f' then k.confrelid::text end as foreign_relation,
  k.confkey::int[] as foreign_numbers, far.names as foreign_columns
from pg_catalog.pg_constraint k
cross join lateral (
  select array_agg(a.attname::text order by part.position) as names
  from unnest(k.conkey) with ordinality part (number, position)
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = part.number) near
left join lateral (
  select array_agg(a.attname::text order by part.position) as names
  from unnest(k.confkey) with ordinality part (number, position)
  join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = part.number) far on k.contype = 'f'
where k.contype in ('p', 'u', 'f') and k.conparentid = 0 and k.conrelid <> 0
order by k.conrelid, k.conname`;

/** Views with their query as the server keeps it. $1: schemas whose views are followed */
export const views = `
select r.ev_class::text as relation, r.ev_action::text as action
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where r.rulename = '_RETURN' and c.relkind in ('v', 'm') and n.nspname = any ($1)`;
