import type { Catalog } from './catalog.ts';

/** Publications; `tables` is null for those of all tables. */
export const publications: Catalog = {
  thing: 'a publication',
  order: 'name',
  rows: `
    select p.oid::int8 as id,
      p.pubname as name,
      pg_get_userbyid(p.pubowner) as owner,
      p.pubinsert as publish_insert,
      p.pubupdate as publish_update,
      p.pubdelete as publish_delete,
      p.pubtruncate as publish_truncate,
      case when not p.puballtables then
        coalesce(
          (
            select json_agg(
              json_build_object('id', c.oid::int8, 'name', c.relname, 'schema', n.nspname) order by c.oid
            )
            from pg_publication_rel r
              join pg_class c on c.oid = r.prrelid
              join pg_namespace n on n.oid = c.relnamespace
            where r.prpubid = p.oid
          ),
          '[]'
        )
      end as tables
    from pg_publication p`,
};

/** Extensions that are installed or could be. */
export const extensions: Catalog = {
  thing: 'an extension',
  order: 'name',
  rows: `
    select a.name,
      n.nspname as schema,
      a.default_version,
      e.extversion as installed_version,
      a.comment
    from pg_available_extensions a
      left join pg_extension e on e.extname = a.name
      left join pg_namespace n on n.oid = e.extnamespace`,
};

/** Indexes with their attributes by name. */
export const indexes: Catalog = {
  thing: 'a index',
  schema: 'schema',
  order: 'schema, id',
  rows: `
    select i.indexrelid::int8 as id,
      i.indrelid::int8 as table_id,
      n.nspname as schema,
      i.indnatts as number_of_attributes,
      i.indnkeyatts as number_of_key_attributes,
      i.indisunique as is_unique,
      i.indisprimary as is_primary,
      i.indisexclusion as is_exclusion,
      i.indimmediate as is_immediate,
      i.indisclustered as is_clustered,
      i.indisvalid as is_valid,
      i.indcheckxmin as check_xmin,
      i.indisready as is_ready,
      i.indislive as is_live,
      i.indisreplident as is_replica_identity,
      to_json(i.indkey::int2[]) as key_attributes,
      to_json(i.indcollation::oid[]::int8[]) as collation,
      to_json(i.indclass::oid[]::int8[]) as class,
      to_json(i.indoption::int2[]) as options,
      i.indpred::text as index_predicate,
      obj_description(i.indexrelid, 'pg_class') as comment,
      pg_get_indexdef(i.indexrelid) as index_definition,
      m.amname as access_method,
      (
        select json_agg(
          json_build_object(
            'attribute_number', a.attnum,
            'attribute_name', a.attname,
            'data_type', format_type(a.atttypid, a.atttypmod)
          )
          order by a.attnum
        )
        from pg_attribute a
        where a.attrelid = i.indexrelid and a.attnum > 0
      ) as index_attributes
    from pg_index i
      join pg_class c on c.oid = i.indexrelid
      join pg_namespace n on n.oid = c.relnamespace
      join pg_am m on m.oid = c.relam`,
};

/** The server's settings, with both parts of the category. */
export const config: Catalog = {
  thing: 'a setting',
  order: 'category, name',
  rows: `
    select name, setting, category,
      split_part(category, ' / ', 1) as "group",
      coalesce(substring(category from ' / (.*)'), '') as subgroup,
      unit, short_desc, extra_desc, context, vartype, source, min_val, max_val, enumvals, boot_val, reset_val,
      sourcefile, sourceline, pending_restart
    from pg_settings`,
};

/** What the server is and how busy. */
export const version = `
  select version(),
    current_setting('server_version_num')::int8 as version_number,
    (select count(*) from pg_stat_activity) as active_connections,
    current_setting('max_connections')::int8 as max_connections`;
