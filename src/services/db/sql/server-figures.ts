import type { ConnectionOptions } from '#kernel/sql';
import { connectClient } from '#kernel/sql';

/** One database; its size is null where the role may not connect to it. */
export interface DatabaseFigures {
  readonly datname: string;
  readonly size: number | null;
  readonly numbackends: number;
  readonly xact_commit: number;
  readonly xact_rollback: number;
  readonly blks_read: number;
  readonly blks_hit: number;
  readonly tup_returned: number;
  readonly tup_fetched: number;
  readonly tup_inserted: number;
  readonly tup_updated: number;
  readonly tup_deleted: number;
  readonly conflicts: number;
  readonly deadlocks: number;
  readonly temp_bytes: number;
}

/** What a server tells about itself. */
export interface ServerFigures {
  /** Seconds since the epoch. */
  readonly started: number;
  readonly maxConnections: number;
  readonly databases: readonly DatabaseFigures[];
  readonly activity: readonly { readonly datname: string; readonly state: string; readonly count: number }[];
  readonly slots: readonly { readonly slot_name: string; readonly active: boolean; readonly retained: number | null }[];
}

const ask = `
select json_build_object(
  'started', extract(epoch from pg_postmaster_start_time()),
  'maxConnections', current_setting('max_connections')::int,
  'databases', (
    select coalesce(json_agg(d), '[]') from (
      select datname, case when has_database_privilege(datid, 'connect') then pg_database_size(datid) end as size,
        numbackends, xact_commit, xact_rollback, blks_read, blks_hit, tup_returned, tup_fetched, tup_inserted,
        tup_updated, tup_deleted, conflicts, deadlocks, temp_bytes
      from pg_stat_database where datname is not null) d),
  'activity', (
    select coalesce(json_agg(a), '[]') from (
      select datname, coalesce(state, 'unknown') as state, count(*)
      from pg_stat_activity where datname is not null group by 1, 2) a),
  'slots', (
    select coalesce(json_agg(s), '[]') from (
      select slot_name, active, case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end
        - restart_lsn as retained
      from pg_replication_slots) s)
) as figures`;

/** Asks a server, over a connection of its own: none has to be kept for the one look in a while. @param patience milliseconds */
export async function readServerFigures(connection: ConnectionOptions, patience: number): Promise<ServerFigures> {
  const client = await connectClient(connection, 1, false, patience);
  try {
    await client.pg.query(`set statement_timeout = ${Math.round(patience)}`);
    const { rows } = await client.pg.query<{ figures: ServerFigures }>(ask);
    return (rows[0] as { figures: ServerFigures }).figures;
  } finally {
    await client.pg.end().catch(() => {});
  }
}
