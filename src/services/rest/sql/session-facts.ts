/**
 * Settings of the roles that requests may take on, as far as they may be set inside a session: those anybody may set,
 * and, from PostgreSQL 15 on, those this role was granted. Settings for this database win over general ones.
 */
export const roleSettings = `
select distinct on (r.rolname, setting.name) r.rolname::text as role, setting.name, setting.value
from pg_catalog.pg_db_role_setting s
join pg_catalog.pg_roles r on r.oid = s.setrole
cross join lateral unnest(s.setconfig) as config (line)
cross join lateral (
  select split_part(config.line, '=', 1) as name, substr(config.line, strpos(config.line, '=') + 1) as value) setting
join pg_catalog.pg_settings known on known.name = setting.name
where s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
  and r.rolname <> current_user and pg_catalog.pg_has_role(current_user, r.oid, 'member')
  and (known.context = 'user' or pg_catalog.has_parameter_privilege(current_user, setting.name, 'set'))
order by r.rolname, setting.name, s.setdatabase desc`;

/** What the role we connect as has been given of settings of ours (`ALTER ROLE authenticator SET pgrst.…`). */
export const ownSettings = `
select distinct on (setting.name) setting.name, setting.value
from pg_catalog.pg_db_role_setting s
cross join lateral unnest(s.setconfig) as config (line)
cross join lateral (
  select split_part(config.line, '=', 1) as name, substr(config.line, strpos(config.line, '=') + 1) as value) setting
where s.setrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
  and setting.name like 'pgrst.%'
order by setting.name, s.setdatabase desc`;

/** Empties settings of this transaction, so that what is set afterwards stands out. $1: names without `pgrst.` */
export const forgetOwnSettings = `
select set_config('pgrst.' || name, '', true) from unnest($1::text[]) as known (name)`;

/** Settings of this transaction that are not empty. $1: names without `pgrst.` */
export const currentOwnSettings = `
select 'pgrst.' || name as name, current_setting('pgrst.' || name, true) as value
from unnest($1::text[]) as known (name) where current_setting('pgrst.' || name, true) <> ''`;

/** Names of time zones. Slow on some machines: the server reads a file for each. */
export const timezones = 'select name from pg_catalog.pg_timezone_names';
