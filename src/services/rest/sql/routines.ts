import { domainBottoms } from './relations.ts';

// Whether a type `t` is a domain called after a media type.
const isMediaType = `(t.typtype = 'd' and (t.typname = '*/*' or t.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$'))`;

/**
 * Functions of exposed schemas that can be called: no procedures, aggregates or triggers. A domain over a row type
 * counts as that row type; a record whose columns are not declared is a value as a whole. $1: exposed schemas
 */
export const routines = `
with ${domainBottoms}
select p.oid::text, n.nspname::text as schema, p.proname::text as name, d.description as comment,
  coalesce(inputs.list, '[]'::json) as parameters,
  rn.nspname::text as return_schema, r.typname::text as return_name, p.proretset as returns_set,
  r.typtype = 'c' or coalesce(p.proargmodes::text[] && '{o,b,t}', false) as returns_composite,
  t.oid = 'pg_catalog.void'::regtype as returns_void,
  case when ${isMediaType} and not p.proretset then lower(t.typname) end as media_type,
  case when ${isMediaType} then r.typname::text end as media_base,
  p.provolatile as volatility, p.provariadic <> 0 as variadic, p.proconfig as settings
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type t on t.oid = p.prorettype
left join bottoms on bottoms.domain = t.oid
join pg_catalog.pg_type r on r.oid = coalesce(bottoms.base, t.oid)
join pg_catalog.pg_namespace rn on rn.oid = r.typnamespace
left join pg_catalog.pg_description d on d.objoid = p.oid and d.classoid = 'pg_catalog.pg_proc'::regclass
cross join lateral (
  select json_agg(json_build_object(
    'name', coalesce(input.name, ''),
    'type', pg_catalog.format_type(input.type, null),
    'required', input.number <= p.pronargs - p.pronargdefaults,
    'variadic', coalesce(input.mode = 'v', false)) order by input.number) as list
  from (
    select part.type, part.mode, part.name, row_number() over (order by part.position) as number
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames)
      with ordinality part (type, mode, name, position)
    where part.type is not null and coalesce(part.mode, 'i') in ('i', 'b', 'v')
  ) input) inputs
where p.prokind = 'f' and n.nspname = any ($1)
  and t.oid not in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)
order by n.nspname, p.proname, p.oid`;

/** Functions that lead from one relation's row to rows of another. $1: exposed schemas, of the relation started from */
export const computedRelationships = `
select n.nspname::text as schema, p.proname::text as name, near.typrelid::text as relation,
  far.typrelid::text as foreign_relation, not p.proretset or p.prorows = 1 as single
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type near on near.oid = p.proargtypes[0] and near.typrelid <> 0
join pg_catalog.pg_class c on c.oid = near.typrelid
join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace and cn.nspname = any ($1)
join pg_catalog.pg_type far on far.oid = p.prorettype and far.typrelid <> 0
where p.pronargs = 1 and p.prokind = 'f'`;

/** Functions by which values of domains are shown as json, and read from json and text. */
export const representations = `
select k.castsource::text as source, k.casttarget::text as target,
  pg_catalog.format('%I.%I', n.nspname, p.proname) as function,
  case when s.typtype = 'd' then 'to-json' when s.oid = 'pg_catalog.json'::regtype then 'from-json' else 'from-text' end
    as direction
from pg_catalog.pg_cast k
join pg_catalog.pg_proc p on p.oid = k.castfunc
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type s on s.oid = k.castsource
join pg_catalog.pg_type t on t.oid = k.casttarget
where k.castcontext = 'i' and k.castmethod = 'f' and (
  (s.typtype = 'd' and t.oid = 'pg_catalog.json'::regtype)
  or (t.typtype = 'd' and s.oid in ('pg_catalog.json'::regtype, 'pg_catalog.text'::regtype)))`;

/** Aggregates that make the body of a media type. $1: exposed schemas */
export const mediaAggregates = `
with ${domainBottoms}
select n.nspname::text as schema, p.proname::text as name,
  case when arg.typrelid <> 0 then arg.typrelid::text end as relation, lower(t.typname) as media_type,
  b.typname::text as base
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type t on t.oid = p.prorettype and ${isMediaType}
join bottoms on bottoms.domain = t.oid
join pg_catalog.pg_type b on b.oid = bottoms.base
join pg_catalog.pg_type arg on arg.oid = p.proargtypes[0]
where p.prokind = 'a' and p.pronargs = 1 and n.nspname = any ($1)
  and (arg.typrelid <> 0 or arg.oid = 'pg_catalog.anyelement'::regtype)`;
