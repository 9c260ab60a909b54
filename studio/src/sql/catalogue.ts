import { quoteName, quoteText } from './quote.ts';

/** A kind of thing a database has, as a list of them is asked for and shown. */
export interface CatalogueList {
  /** Of its address. */
  readonly key: string;
  readonly label: string;
  /** Rows of texts, numbers and booleans; `name` names each, together with `schema` where there is one. */
  readonly sql: string;
  /** What the statement reads that may not be there; then there is nothing to list. */
  readonly relation?: string;
  /** Title and member of the row. `definition` is no column: it is opened. */
  readonly columns: readonly (readonly [title: string, member: string])[];
  /** What to do where there is none, and SQL that does it. */
  readonly empty: { readonly text: string; readonly snippet: string };
}

/** Schemas that are the stack's or the server's own; lists leave them out unless asked. */
export const isOwnSchema = (schema: string): boolean =>
  !/^(pg_.*|_.*|information_schema|auth|storage|realtime|supabase_functions|supabase_migrations|extensions|graphql|graphql_public|vault|pgbouncer|net|cron|pgmq|pgsodium|pgsodium_masks)$/.test(
    schema,
  );

const ofCatalogue = `n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'`;

/** All lists, in the order in which they are offered. */
export const catalogueLists: readonly CatalogueList[] = [
  {
    key: 'tables',
    label: 'Tables',
    sql: `select n.nspname as schema, c.relname as name, case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'p' then 'partitioned table' else 'table' end as kind,
  case when c.relkind in ('r', 'p') then case when c.relrowsecurity then 'on' else 'off' end end as rls,
  case when c.reltuples < 0 then null else c.reltuples::bigint end as rows, pg_size_pretty(pg_total_relation_size(c.oid)) as size, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and ${ofCatalogue} order by 1, 2`,
    columns: [
      ['Kind', 'kind'],
      ['RLS', 'rls'],
      ['Rows, about', 'rows'],
      ['Size', 'size'],
      ['Comment', 'comment'],
    ],
    empty: {
      text: 'There are no tables yet.',
      snippet:
        'create table todos (\n  id bigint generated always as identity primary key,\n  title text not null\n);\nalter table todos enable row level security;',
    },
  },
  {
    key: 'functions',
    label: 'Functions',
    sql: `select p.oid::int8 as id, n.nspname as schema, p.proname as name, pg_get_function_identity_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as returns, l.lanname as language,
  case when p.prosecdef then 'definer' else 'invoker' end as security, pg_get_functiondef(p.oid) as definition
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
where p.prokind in ('f', 'p') and ${ofCatalogue} and not exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e') order by 1, 2, 3 limit 2000`,
    columns: [
      ['Arguments', 'arguments'],
      ['Returns', 'returns'],
      ['Language', 'language'],
      ['Runs as', 'security'],
    ],
    empty: {
      text: 'There are no functions yet. Clients call those of public by rpc().',
      snippet: "create function hello(who text) returns text\nlanguage sql stable\nreturn 'Hello ' || who;",
    },
  },
  {
    key: 'triggers',
    label: 'Triggers',
    sql: `select t.oid::int8 as id, n.nspname as schema, t.tgname as name, c.relname as table, p.proname as function, case t.tgenabled when 'D' then 'off' when 'R' then 'replica' when 'A' then 'always' else 'on' end as state, pg_get_triggerdef(t.oid, true) as definition
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace join pg_proc p on p.oid = t.tgfoid where not t.tgisinternal and ${ofCatalogue} order by 1, 3, 2`,
    columns: [
      ['Table', 'table'],
      ['Function', 'function'],
      ['State', 'state'],
    ],
    empty: {
      text: 'There are no triggers yet.',
      snippet:
        'create function touch() returns trigger language plpgsql as $$\nbegin\n  new.updated_at = now();\n  return new;\nend $$;\ncreate trigger touch before update on todos for each row execute function touch();',
    },
  },
  {
    key: 'enums',
    label: 'Enums',
    sql: `select t.oid::int8 as id, n.nspname as schema, t.typname as name, (select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as values
from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype = 'e' and ${ofCatalogue} order by 1, 2`,
    columns: [['Values', 'values']],
    empty: { text: 'There are no enums yet.', snippet: "create type mood as enum ('sad', 'ok', 'happy');" },
  },
  {
    key: 'extensions',
    label: 'Extensions',
    sql: `select e.name, e.installed_version as installed, e.default_version as newest, n.nspname as into, e.comment from pg_available_extensions e
left join pg_extension x on x.extname = e.name left join pg_namespace n on n.oid = x.extnamespace order by e.installed_version is null, e.name`,
    columns: [
      ['Version', 'installed'],
      ['Newest', 'newest'],
      ['Schema', 'into'],
      ['What it is', 'comment'],
    ],
    empty: { text: 'This server brings no extensions.', snippet: 'select * from pg_available_extensions' },
  },
  {
    key: 'indexes',
    label: 'Indexes',
    sql: `select n.nspname as schema, c.relname as name, t.relname as table, m.amname as method, case when i.indisprimary then 'primary key' when i.indisunique then 'unique' end as unique,
  pg_size_pretty(pg_relation_size(c.oid)) as size, coalesce(s.idx_scan, 0) as uses, case when i.indisvalid then null else 'not valid' end as state, pg_get_indexdef(c.oid) as definition,
  (select k.conname from pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x') limit 1) as constraint
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace join pg_am m on m.oid = c.relam
left join pg_stat_all_indexes s on s.indexrelid = c.oid where ${ofCatalogue} order by 1, 3, 2`,
    columns: [
      ['Table', 'table'],
      ['Method', 'method'],
      ['Unique', 'unique'],
      ['Size', 'size'],
      ['Used', 'uses'],
      ['State', 'state'],
    ],
    empty: { text: 'There are no indexes yet.', snippet: 'create index on todos (title);' },
  },
  {
    key: 'publications',
    label: 'Publications',
    sql: `select p.oid::int8 as id, p.pubname as name, case when p.puballtables then 'all tables' else coalesce((select string_agg(r.schemaname || '.' || r.tablename, ', ' order by 1) from pg_publication_tables r where r.pubname = p.pubname), 'none') end as tables,
  concat_ws(', ', case when pubinsert then 'insert' end, case when pubupdate then 'update' end, case when pubdelete then 'delete' end, case when pubtruncate then 'truncate' end) as tells, pg_get_userbyid(p.pubowner) as owner from pg_publication p order by 1`,
    columns: [
      ['Tables', 'tables'],
      ['Tells', 'tells'],
      ['Owner', 'owner'],
    ],
    empty: { text: 'There are no publications yet.', snippet: 'create publication supabase_realtime;' },
  },
  {
    key: 'roles',
    label: 'Roles',
    sql: `select r.oid::int8 as id, r.rolname as name, concat_ws(', ', case when r.rolsuper then 'superuser' end, case when r.rolcanlogin then 'signs in' end, case when r.rolbypassrls then 'passes RLS by' end, case when r.rolcreaterole then 'makes roles' end, case when r.rolcreatedb then 'makes databases' end, case when r.rolreplication then 'replicates' end) as may,
  (select string_agg(quote_ident(g.rolname), ', ' order by 1) from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid) as member, (select count(*) from pg_stat_activity a where a.usesysid = r.oid) as connections, case when r.rolconnlimit >= 0 then r.rolconnlimit end as most
from pg_roles r where r.rolname !~ '^pg_' order by 1`,
    columns: [
      ['May', 'may'],
      ['Member of', 'member'],
      ['Connections', 'connections'],
      ['At most', 'most'],
    ],
    empty: { text: 'There are no roles.', snippet: 'create role app login;' },
  },
  {
    key: 'migrations',
    label: 'Migrations',
    relation: 'supabase_migrations.schema_migrations',
    sql: `select version as id, coalesce(name, '') as name, array_to_string(statements, E';\\n\\n') as definition
from supabase_migrations.schema_migrations order by version desc`,
    columns: [['Version', 'id']],
    empty: {
      text: 'No migration was run yet. Files in supabase/migrations are, at the next start, once each.',
      snippet:
        '-- supabase/migrations/20260101000000_todos.sql\ncreate table todos (id bigint generated always as identity primary key);',
    },
  },
];

/** Asks whether a relation is there: `found`. */
export const isThereSql = (relation: string): string =>
  `select to_regclass(${quoteText(relation)}) is not null as found`;

/** Enables an extension where the others are, with all it needs. */
export const enableExtensionSql = (name: string): string =>
  `create extension if not exists ${quoteName(name)} with schema extensions cascade`;

/** Disables an extension; the database refuses where something uses it. */
export const disableExtensionSql = (name: string): string => `drop extension ${quoteName(name)}`;
