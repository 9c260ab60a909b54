import type { Catalog } from './catalog.ts';

const mayBeSeen = `(
        pg_has_role(c.relowner, 'USAGE')
        or has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        or has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
      )`;

/** Tables and partitioned tables. Foreign keys of several columns appear once for each pair of columns, as upstream has it. */
export const tables: Catalog = {
  thing: 'a table',
  schema: 'schema',
  order: 'schema, name',
  rows: `
    select c.oid::int8 as id,
      n.nspname as schema,
      c.relname as name,
      c.relrowsecurity as rls_enabled,
      c.relforcerowsecurity as rls_forced,
      case c.relreplident when 'd' then 'DEFAULT' when 'i' then 'INDEX' when 'f' then 'FULL' else 'NOTHING' end
        as replica_identity,
      pg_total_relation_size(c.oid) as bytes,
      pg_size_pretty(pg_total_relation_size(c.oid)) as size,
      pg_stat_get_live_tuples(c.oid) as live_rows_estimate,
      pg_stat_get_dead_tuples(c.oid) as dead_rows_estimate,
      obj_description(c.oid, 'pg_class') as comment,
      coalesce(
        (
          select json_agg(
            json_build_object('schema', n.nspname, 'table_name', c.relname, 'name', a.attname, 'table_id', c.oid::int8)
            order by array_position(k.conkey, a.attnum)
          )
          from pg_constraint k join pg_attribute a on a.attrelid = c.oid and a.attnum = any (k.conkey)
          where k.conrelid = c.oid and k.contype = 'p'
        ),
        '[]'
      ) as primary_keys,
      coalesce(
        (
          select json_agg(
            json_build_object(
              'id', k.oid::int8,
              'constraint_name', k.conname,
              'source_schema', source_schema.nspname,
              'source_table_name', source.relname,
              'source_column_name', source_column.attname,
              'target_table_schema', target_schema.nspname,
              'target_table_name', target.relname,
              'target_column_name', target_column.attname
            )
            order by k.oid, source_column.attnum, target_column.attnum
          )
          from pg_constraint k
            join pg_class source on source.oid = k.conrelid
            join pg_namespace source_schema on source_schema.oid = source.relnamespace
            join pg_attribute source_column
              on source_column.attrelid = source.oid and source_column.attnum = any (k.conkey)
            join pg_class target on target.oid = k.confrelid
            join pg_namespace target_schema on target_schema.oid = target.relnamespace
            join pg_attribute target_column
              on target_column.attrelid = target.oid and target_column.attnum = any (k.confkey)
          where k.contype = 'f' and c.oid in (k.conrelid, k.confrelid)
        ),
        '[]'
      ) as relationships
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not pg_is_other_temp_schema(n.oid) and ${mayBeSeen}`,
};

/** Relations that have nothing of their own but `more`, further columns each with a comma. */
const plain = (thing: string, kind: string, more: string): Catalog => ({
  thing,
  schema: 'schema',
  order: 'schema, name',
  rows: `
    select c.oid::int8 as id,
      n.nspname as schema,
      c.relname as name,${more}
      obj_description(c.oid, 'pg_class') as comment
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = '${kind}'`,
});

/** Views. One is updatable where PostgreSQL can both update and delete through it. */
export const views = plain('a view', 'v', 'pg_relation_is_updatable(c.oid, false) & 20 = 20 as is_updatable,');

/** Materialized views. */
export const materializedViews = plain('a materialized view', 'm', 'c.relispopulated as is_populated,');

/** Foreign tables. */
export const foreignTables = plain('a foreign table', 'f', '');
