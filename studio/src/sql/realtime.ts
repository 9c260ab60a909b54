/** Tables of the publication of database changes: rows of `name`, which is `schema.table`. */
export const publishedTables = `select schemaname || '.' || tablename as name from pg_catalog.pg_publication_tables
where pubname = 'supabase_realtime' order by 1`;
