import { type Client, quoteIdentifier, quoteLiteral } from '#kernel/sql';
import { parseLsn } from './position.ts';

/** The state of our slot. */
export interface SlotState {
  /** Everything before is not sent again. */
  readonly confirmed: bigint;
  /** Bytes of WAL that the server keeps for it. */
  readonly retainedBytes: number;
  /** The server has thrown away WAL that it needs: it will never work again. */
  readonly isLost: boolean;
  /** Process that reads from it. */
  readonly activePid: number | undefined;
  /** Where the server's WAL ends now. */
  readonly walEnd: bigint;
}

/** What has to be changed on a server before it can send changes. */
export class ReplicationUnavailable extends Error {
  override readonly name = 'ReplicationUnavailable';
}

/** Name of the slot of a database; the names of slots are shared by all databases of a server. */
export async function slotName(client: Client): Promise<string> {
  const { rows } = await client.pg.query<{ oid: string }>(
    'select oid::text from pg_database where datname = current_database()',
  );
  return `pmoves_changes_${rows[0]?.oid}`;
}

/** @throws ReplicationUnavailable saying what to change on the server */
export async function assertLogicalServer(client: Client): Promise<void> {
  const { rows } = await client.pg.query<{ wal_level: string; slots: string; senders: string; replication: boolean }>(`
    select current_setting('wal_level') as wal_level, current_setting('max_replication_slots') as slots,
      current_setting('max_wal_senders') as senders, rolreplication or rolsuper as replication
    from pg_roles where rolname = current_user`);
  const server = rows[0];
  if (!server) return;
  if (server.wal_level !== 'logical')
    throw new ReplicationUnavailable(
      `wal_level is ${server.wal_level}: run ALTER SYSTEM SET wal_level = 'logical' on the database server and restart it`,
    );
  if (server.slots === '0' || server.senders === '0')
    throw new ReplicationUnavailable('max_replication_slots and max_wal_senders must be at least 1 on the server');
  if (!server.replication)
    throw new ReplicationUnavailable('the role that reads changes needs the attribute: ALTER ROLE … REPLICATION');
}

/** Looks at a slot. @returns undefined when there is none */
export async function inspectSlot(client: Client, name: string): Promise<SlotState | undefined> {
  const { rows } = await client.pg.query<Record<string, string | null>>(
    `select coalesce(confirmed_flush_lsn, '0/0')::text as confirmed, active_pid::text as pid,
       coalesce(wal_status, '') = 'lost' as lost, pg_current_wal_flush_lsn()::text as end,
       coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::text as retained
     from pg_replication_slots where slot_name = $1 and database = current_database()`,
    [name],
  );
  const row = rows[0];
  if (!row) return undefined;
  return {
    confirmed: parseLsn(row.confirmed as string),
    retainedBytes: Number(row.retained),
    isLost: (row.lost as unknown) === true,
    activePid: row.pid === null ? undefined : Number(row.pid),
    walEnd: parseLsn(row.end as string),
  };
}

/** Makes the slot; waits for all transactions that are running. @returns where it begins */
export async function createSlot(client: Client, name: string): Promise<bigint> {
  const { rows } = await client.pg.query<{ lsn: string }>(
    "select lsn::text from pg_create_logical_replication_slot($1, 'pgoutput')",
    [name],
  );
  return parseLsn((rows[0] as { lsn: string }).lsn);
}

/** Drops the slot, cutting whoever reads from it. */
export async function dropSlot(client: Client, name: string, activePid: number | undefined): Promise<void> {
  if (activePid !== undefined) await terminateReader(client, activePid);
  for (let attempt = 1; ; attempt++) {
    try {
      await client.pg.query(
        'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
        [name],
      );
      return;
    } catch (error) {
      // 55006: the reader that was cut has not gone yet.
      if ((error as { code?: string }).code !== '55006' || attempt === 50) throw error;
      await client.pg.query('select pg_sleep(0.1)');
    }
  }
}

/** Cuts a reader that outlived its owner: whoever holds the lock is the only rightful one. */
export async function terminateReader(client: Client, pid: number): Promise<void> {
  await client.pg.query('select pg_terminate_backend($1)', [pid]);
}

/** Those of the publications that exist: naming another one would be an error in the middle of the stream. */
export async function existingPublications(client: Client, names: readonly string[]): Promise<string[]> {
  const { rows } = await client.pg.query<{ name: string }>(
    'select pubname as name from pg_publication where pubname = any($1) order by 1',
    [names],
  );
  return rows.map(({ name }) => name);
}

/** The command that starts the stream where the slot's reader stopped. */
export function startCommand(slot: string, publications: readonly string[]): string {
  const names = quoteLiteral(publications.map(quoteIdentifier).join(','));
  return `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL 0/0 (proto_version '1', publication_names ${names})`;
}
