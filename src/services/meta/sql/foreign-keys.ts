/** Foreign keys with the numbers of their columns, in the key's order. $1: schemas left out */
export const foreignKeys = `
  select k.conname as name,
    k.conrelid::int8 as relation_id,
    k.confrelid::int8 as referenced_id,
    to_json(k.conkey) as columns,
    to_json(k.confkey) as referenced_columns,
    exists (
      select from pg_constraint u
      where u.conrelid = k.conrelid and u.contype in ('p', 'u') and u.conkey @> k.conkey and k.conkey @> u.conkey
    ) as is_one_to_one
  from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace
  where k.contype = 'f' and k.conparentid = 0 and n.nspname <> all ($1)
  order by k.conname, k.oid`;

/** Views with the parse tree of their query. $1: schemas left out */
export const viewQueries = `
  select r.ev_class::int8 as id, r.ev_action::text as action
  from pg_rewrite r
    join pg_class c on c.oid = r.ev_class
    join pg_namespace n on n.oid = c.relnamespace
  where r.rulename = '_RETURN' and c.relkind in ('v', 'm') and n.nspname <> all ($1)`;
