import { counter, gauge, type MetricFamily, type Sample } from '#kernel/metrics';
import type { DatabaseFigures, ServerFigures } from '../sql/server-figures.ts';

const perDatabase: readonly (readonly [
  'gauge' | 'counter',
  name: string,
  help: string,
  key: Exclude<keyof DatabaseFigures, 'datname'>,
])[] = [
  ['gauge', 'pg_database_size_bytes', 'Disk space used by the database', 'size'],
  ['gauge', 'pg_stat_database_numbackends', 'Backends connected to this database', 'numbackends'],
  ['counter', 'pg_stat_database_xact_commit', 'Transactions that have been committed', 'xact_commit'],
  ['counter', 'pg_stat_database_xact_rollback', 'Transactions that have been rolled back', 'xact_rollback'],
  ['counter', 'pg_stat_database_blks_read', 'Disk blocks read', 'blks_read'],
  ['counter', 'pg_stat_database_blks_hit', 'Disk blocks found in the cache', 'blks_hit'],
  ['counter', 'pg_stat_database_tup_returned', 'Rows returned by queries', 'tup_returned'],
  ['counter', 'pg_stat_database_tup_fetched', 'Rows fetched by queries', 'tup_fetched'],
  ['counter', 'pg_stat_database_tup_inserted', 'Rows inserted', 'tup_inserted'],
  ['counter', 'pg_stat_database_tup_updated', 'Rows updated', 'tup_updated'],
  ['counter', 'pg_stat_database_tup_deleted', 'Rows deleted', 'tup_deleted'],
  ['counter', 'pg_stat_database_conflicts', 'Queries cancelled by conflicts with recovery', 'conflicts'],
  ['counter', 'pg_stat_database_deadlocks', 'Deadlocks detected', 'deadlocks'],
  ['counter', 'pg_stat_database_temp_bytes', 'Data written to temporary files', 'temp_bytes'],
];

/** The least that dashboards ask of a database, under the names of postgres_exporter. @param figures undefined: it does not answer */
export function metricFamilies(figures: ServerFigures | undefined): readonly MetricFamily[] {
  const up = gauge('pg_up', 'Whether the last look at the server found it', figures !== undefined);
  if (!figures) return [up];
  const { databases, activity, slots } = figures;
  const ofDatabases = (key: Exclude<keyof DatabaseFigures, 'datname'>): readonly Sample[] =>
    databases.flatMap((database) => {
      const value = database[key];
      return value === null ? [] : [{ labels: { datname: database.datname }, value }];
    });
  return [
    up,
    gauge('pg_postmaster_start_time_seconds', 'Time at which the server started', figures.started),
    gauge('pg_settings_max_connections', 'Connections at most', figures.maxConnections),
    ...perDatabase.map(([type, name, help, key]) => (type === 'gauge' ? gauge : counter)(name, help, ofDatabases(key))),
    gauge(
      'pg_stat_activity_count',
      'Connections in this state',
      activity.map(({ datname, state, count }) => ({ labels: { datname, state }, value: count })),
    ),
    gauge(
      'pg_replication_slots_active',
      'Whether somebody reads from the slot',
      slots.map(({ slot_name, active }) => ({ labels: { slot_name }, value: Number(active) })),
    ),
    gauge(
      'pg_replication_slots_pg_wal_lsn_diff',
      'Bytes of the log that the slot keeps',
      slots.map(({ slot_name, retained }) => ({ labels: { slot_name }, value: retained ?? 0 })),
    ),
  ];
}
