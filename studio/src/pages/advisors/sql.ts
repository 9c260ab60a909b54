/** By what statements are put in order. */
export type StatementOrder = 'total' | 'mean' | 'calls';

const orders: Readonly<Record<StatementOrder, string>> = {
  total: 's.total_exec_time',
  mean: 's.mean_exec_time',
  calls: 's.calls',
};

/** What takes the database's time, as pg_stat_statements has it. */
export const queries = {
  installed: `select to_regclass('extensions.pg_stat_statements') is not null as installed`,
  list: (order: StatementOrder): string => `
    select s.queryid::text as id, s.query, r.rolname as role, s.calls::float8 as calls,
      s.total_exec_time as total, s.mean_exec_time as mean, s.max_exec_time as longest, s.rows::float8 as rows,
      s.shared_blks_hit::float8 / nullif(s.shared_blks_hit + s.shared_blks_read, 0) as cached
    from extensions.pg_stat_statements s left join pg_roles r on r.oid = s.userid
    where s.dbid = (select oid from pg_database where datname = current_database()) and s.queryid is not null
    order by ${orders[order]} desc limit 100`,
  reset: 'select extensions.pg_stat_statements_reset()',
};

/** Replication slots, with the log they keep. */
export const replication = `
  select slot_name as name, plugin, active, wal_status as status,
    case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 end as kept
  from pg_replication_slots order by slot_name`;
