import { isOfExtension, isProject, isReadable, type Lint } from './lint.ts';

const category = 'SECURITY';

const exposedRelation = (kind: string): string => `
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = any ('{${kind}}') and n.nspname = any ($1::text[]) and ${isReadable('c.oid')}
    and not ${isOfExtension('pg_class', 'c.oid')}`;

const fromApi = (type: string, kind: string): string => `
  select n.nspname as schema, c.relname as name, '${type}' as type,
    format('%I.%I can be read through the API', n.nspname, c.relname) as detail,
    format('revoke select on %I.%I from anon, authenticated;', n.nspname, c.relname) as fix
  ${exposedRelation(kind)}`;

/** What lets in who should not be. */
export const securityLints: readonly Lint[] = [
  {
    name: 'rls_disabled_in_public',
    title: 'Table without row level security',
    level: 'ERROR',
    category,
    description:
      'Anybody with the public key may read, and often change, every row. Turn row level security on, then add policies for who may do what.',
    sql: `
      select n.nspname as schema, c.relname as name, 'table' as type,
        format('%I.%I is in the API and has no row level security', n.nspname, c.relname) as detail,
        format('alter table %I.%I enable row level security;', n.nspname, c.relname) as fix
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and not c.relrowsecurity and n.nspname = any ($1::text[])
        and (has_table_privilege('anon', c.oid, 'select, insert, update, delete')
          or has_table_privilege('authenticated', c.oid, 'select, insert, update, delete'))
        and not ${isOfExtension('pg_class', 'c.oid')}`,
  },
  {
    name: 'policy_exists_rls_disabled',
    title: 'Policies that are not in force',
    level: 'ERROR',
    category,
    description: 'The table has policies, but row level security is off, so none of them is asked.',
    sql: `
      select n.nspname as schema, c.relname as name, 'table' as type,
        format('%I.%I has %s but no row level security', n.nspname, c.relname,
          string_agg(quote_ident(p.polname), ', ' order by p.polname)) as detail,
        format('alter table %I.%I enable row level security;', n.nspname, c.relname) as fix
      from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
      where not c.relrowsecurity and ${isProject('n')}
      group by 1, 2`,
  },
  {
    name: 'auth_users_exposed',
    title: 'Users can be read through a view',
    level: 'ERROR',
    category,
    description:
      'A view of the API shows rows of auth.users, with addresses and more. Keep what others may see in a table of your own with policies.',
    sql: `
      select n.nspname as schema, c.relname as name, case c.relkind when 'm' then 'materialized view' else 'view' end as type,
        format('%I.%I shows auth.users', n.nspname, c.relname) as detail,
        format('revoke select on %I.%I from anon, authenticated;', n.nspname, c.relname) as fix
      ${exposedRelation('v,m')}
        and exists (
          select from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
          where r.ev_class = c.oid and d.refclassid = 'pg_class'::regclass and d.refobjid = to_regclass('auth.users'))`,
  },
  {
    name: 'security_definer_view',
    title: 'View that passes by row level security',
    level: 'ERROR',
    category,
    description:
      'A view reads with the rights of who made it, so the policies of the tables below it are not asked. With security_invoker it reads with those of who asks.',
    sql: `
      select n.nspname as schema, c.relname as name, 'view' as type,
        format('%I.%I reads with the rights of %I', n.nspname, c.relname, pg_get_userbyid(c.relowner)) as detail,
        format('alter view %I.%I set (security_invoker = on);', n.nspname, c.relname) as fix
      ${exposedRelation('v')}
        and current_setting('server_version_num')::int >= 150000
        and not exists (
          select from pg_options_to_table(c.reloptions) o
          where o.option_name = 'security_invoker' and o.option_value in ('on', 'true', 'yes', '1'))`,
  },
  {
    name: 'insecure_queue_exposed_in_api',
    title: 'Queue that anybody can read',
    level: 'ERROR',
    category,
    description: 'The schema of queues is in the API, and the queue has no row level security.',
    sql: `
      select n.nspname as schema, c.relname as name, 'table' as type,
        format('%I.%I has no row level security', n.nspname, c.relname) as detail,
        format('alter table %I.%I enable row level security;', n.nspname, c.relname) as fix
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'pgmq' and c.relname ~ '^q_' and c.relkind in ('r', 'p') and not c.relrowsecurity
        and $1::text[] && '{pgmq,pgmq_public}' and ${isReadable('c.oid')}`,
  },
  {
    name: 'rls_references_user_metadata',
    title: 'Policy that believes what users say of themselves',
    level: 'ERROR',
    category,
    description:
      'Users may change user_metadata as they like, and with it what this policy allows them. Ask app_metadata, or a table, instead.',
    sql: `
      select n.nspname as schema, c.relname as name, 'policy' as type,
        format('Policy %I of %I.%I reads user_metadata', p.polname, n.nspname, c.relname) as detail, null as fix
      from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
      where ${isProject('n')}
        and concat(pg_get_expr(p.polqual, p.polrelid), ' ', pg_get_expr(p.polwithcheck, p.polrelid)) ~ 'user_metadata'`,
  },
  {
    name: 'rls_policy_always_true',
    title: 'Policy that lets everybody write',
    level: 'WARN',
    category,
    description: 'Its condition is simply true: whoever has the public key, or any account, may change these rows.',
    sql: `
      select n.nspname as schema, c.relname as name, 'policy' as type,
        format('Policy %I of %I.%I allows %s to everybody', p.polname, n.nspname, c.relname,
          case p.polcmd when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'everything' end) as detail,
        null as fix
      from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any ($1::text[]) and p.polpermissive and p.polcmd in ('a', 'w', 'd', '*')
        and coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid)) = 'true'
        and (p.polroles = '{0}' or p.polroles && (
          select array_agg(oid) from pg_roles where rolname in ('anon', 'authenticated')))`,
  },
  {
    name: 'function_search_path_mutable',
    title: 'Function that finds names where its caller says',
    level: 'WARN',
    category,
    description:
      'Without a search_path of its own, a function can be made to use somebody else’s tables or functions of the same names.',
    sql: `
      select n.nspname as schema, p.proname as name, 'function' as type,
        format('%I.%I(%s) has no search_path', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as detail,
        format('alter function %I.%I(%s) set search_path = %s, pg_temp;', n.nspname, p.proname,
          pg_get_function_identity_arguments(p.oid), concat_ws(', ', quote_ident(n.nspname),
            (select 'extensions' where to_regnamespace('extensions') is not null))) as fix
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where ${isProject('n')} and p.prokind = 'f' and not ${isOfExtension('pg_proc', 'p.oid')}
        and not exists (select from unnest(p.proconfig) setting where setting ~ '^search_path=')`,
  },
  {
    name: 'extension_in_public',
    title: 'Extension in a schema of the API',
    level: 'WARN',
    category,
    description: 'Its functions can be called through the API. Keep extensions in a schema of their own.',
    sql: `
      select n.nspname as schema, e.extname as name, 'extension' as type,
        format('Extension %I is in %I', e.extname, n.nspname) as detail,
        case when e.extrelocatable then format('alter extension %I set schema extensions;', e.extname) end as fix
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace where n.nspname = any ($1::text[])`,
  },
  {
    name: 'materialized_view_in_api',
    title: 'Materialized view in the API',
    level: 'WARN',
    category,
    description: 'Materialized views know no row level security: who may read one reads all of it.',
    sql: fromApi('materialized view', 'm'),
  },
  {
    name: 'foreign_table_in_api',
    title: 'Foreign table in the API',
    level: 'ERROR',
    category,
    description: 'Foreign tables know no row level security: who may read one reads all of it.',
    sql: fromApi('foreign table', 'f'),
  },
  {
    name: 'unsupported_reg_types',
    title: 'Column of a type that upgrades refuse',
    level: 'WARN',
    category,
    description: 'pg_upgrade does not take tables with columns of these types; keep the name as text instead.',
    sql: `
      select n.nspname as schema, c.relname as name, 'table' as type,
        format('%I.%I.%I is %s', n.nspname, c.relname, a.attname, a.atttypid::regtype) as detail, null as fix
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped and ${isProject('n')}
        and a.atttypid in ('regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype,
          'regnamespace'::regtype, 'regoper'::regtype, 'regoperator'::regtype, 'regproc'::regtype, 'regprocedure'::regtype)`,
  },
  {
    name: 'fkey_to_auth_unique',
    title: 'Reference to auth by something else than the key',
    level: 'ERROR',
    category,
    description:
      'Upgrades of auth may drop and make anew its unique constraints, and with them what refers to them. Refer to the primary key.',
    sql: `
      select n.nspname as schema, c.relname as name, 'foreign key' as type,
        format('%I of %I.%I refers to %s by another constraint than its key', k.conname, n.nspname, c.relname,
          k.confrelid::regclass) as detail, null as fix
      from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
        join pg_class target on target.oid = k.confrelid join pg_namespace t on t.oid = target.relnamespace
        join pg_index i on i.indexrelid = k.conindid
      where k.contype = 'f' and t.nspname = 'auth' and not i.indisprimary and ${isProject('n')}`,
  },
  {
    name: 'extension_versions_outdated',
    title: 'Extension of an older version',
    level: 'WARN',
    category,
    description: 'The server has a newer version of it, which may mend what an old one does wrong.',
    sql: `
      select n.nspname as schema, e.extname as name, 'extension' as type,
        format('%I is %s, there is %s', e.extname, e.extversion, a.default_version) as detail,
        format('alter extension %I update;', e.extname) as fix
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace
        join pg_available_extensions a on a.name = e.extname where a.default_version <> e.extversion`,
  },
  {
    name: 'rls_enabled_no_policy',
    title: 'Row level security without a policy',
    level: 'INFO',
    category,
    description: 'Nobody but the server’s own key sees a row. Add a policy, or take the table out of the API.',
    sql: `
      select n.nspname as schema, c.relname as name, 'table' as type,
        format('%I.%I has row level security and no policy', n.nspname, c.relname) as detail, null as fix
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and c.relrowsecurity and ${isProject('n')}
        and not exists (select from pg_policy p where p.polrelid = c.oid) and not ${isOfExtension('pg_class', 'c.oid')}`,
  },
];
