import type { Catalog } from './catalog.ts';

/** Row-level security policies. */
export const policies: Catalog = {
  thing: 'a policy',
  schema: 'schema',
  order: 'schema, "table", name',
  rows: `
    select p.oid::int8 as id,
      n.nspname as schema,
      c.relname as "table",
      c.oid::int8 as table_id,
      p.polname as name,
      case when p.polpermissive then 'PERMISSIVE' else 'RESTRICTIVE' end as action,
      case
        when p.polroles = '{0}' then json_build_array('public')
        else (select json_agg(r.rolname order by r.rolname) from pg_roles r where r.oid = any (p.polroles))
      end as roles,
      case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE'
        else 'ALL' end as command,
      pg_get_expr(p.polqual, p.polrelid) as definition,
      pg_get_expr(p.polwithcheck, p.polrelid) as "check"
    from pg_policy p
      join pg_class c on c.oid = p.polrelid
      join pg_namespace n on n.oid = c.relnamespace`,
};

/** Roles. Passwords are never shown; a connection limit of -1 is shown as what the server allows. */
export const roles: Catalog = {
  thing: 'a role',
  order: 'name',
  rows: `
    select r.oid::int8 as id,
      r.rolname as name,
      r.rolsuper as is_superuser,
      r.rolcreatedb as can_create_db,
      r.rolcreaterole as can_create_role,
      r.rolinherit as inherit_role,
      r.rolcanlogin as can_login,
      r.rolreplication as is_replication_role,
      r.rolbypassrls as can_bypass_rls,
      (select count(*) from pg_stat_activity s where s.usesysid = r.oid) as active_connections,
      case r.rolconnlimit when -1 then current_setting('max_connections')::int8 else r.rolconnlimit end
        as connection_limit,
      '********' as password,
      r.rolvaliduntil as valid_until,
      (
        select json_object_agg(split_part(s.setting, '=', 1), substring(s.setting from position('=' in s.setting) + 1))
        from unnest(r.rolconfig) as s (setting)
      ) as config
    from pg_roles r`,
};

/** Schemas that the connected role may look into. */
export const schemas: Catalog = {
  thing: 'a schema',
  schema: 'name',
  order: 'name',
  rows: `
    select n.oid::int8 as id, n.nspname as name, pg_get_userbyid(n.nspowner) as owner
    from pg_namespace n
    where (pg_has_role(n.nspowner, 'USAGE') or has_schema_privilege(n.oid, 'CREATE, USAGE'))
      and not pg_is_other_temp_schema(n.oid) and n.nspname !~ '^pg_(toast_)?temp_'`,
};

const privilege = `
            json_build_object(
              'grantor', pg_get_userbyid(g.grantor),
              'grantee', case g.grantee when 0 then 'PUBLIC' else pg_get_userbyid(g.grantee) end,
              'privilege_type', g.privilege_type,
              'is_grantable', g.is_grantable
            )`;

/** Who may do what with a whole relation. */
export const tablePrivileges: Catalog = {
  thing: 'table privileges',
  schema: 'schema',
  order: 'schema, name',
  rows: `
    select c.oid::int8 as relation_id,
      n.nspname as schema,
      c.relname as name,
      case c.relkind when 'r' then 'table' when 'v' then 'view' when 'm' then 'materialized_view'
        when 'f' then 'foreign_table' else 'partitioned_table' end as kind,
      coalesce(
        (
          select json_agg(${privilege})
          from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
        ),
        '[]'
      ) as privileges
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'm', 'f', 'p') and not pg_is_other_temp_schema(n.oid)`,
};

/** Who may do what with a single column, by a grant on it or on its relation. */
export const columnPrivileges: Catalog = {
  thing: 'column privileges',
  schema: 'relation_schema',
  order: 'relation_schema, relation_name, column_id',
  rows: `
    select c.oid || '.' || a.attnum as column_id,
      n.nspname as relation_schema,
      c.relname as relation_name,
      a.attname as column_name,
      json_agg(distinct ${privilege}::jsonb) as privileges
    from pg_attribute a
      join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
      cross join lateral (
        select * from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner)))
        union all
        select * from aclexplode(a.attacl)
      ) g
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'm', 'f', 'p')
      and g.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') and not pg_is_other_temp_schema(n.oid)
    group by c.oid, a.attnum, n.nspname, c.relname, a.attname`,
};
