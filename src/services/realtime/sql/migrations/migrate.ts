import { hash } from 'node:crypto';
import { type Client, type ConnectionOptions, connectClient, type MigrationFile } from '#kernel/sql';
import { publication } from './sending.ts';

/** Key of the advisory lock that lets any number of nodes start at once. */
const lock = 7_221_041_002;

/**
 * Brings schema `realtime` up to date in one transaction. Every file may be run again, and all are when one of them has
 * changed since they were; otherwise nothing but the publication is looked at, so that a start takes no locks on tables
 * in use. The lock keeps nodes from getting in each other's way.
 *
 * @throws Error naming the file that failed, with the server's error as its cause
 */
export async function migrate(connection: ConnectionOptions, files: readonly MigrationFile[]): Promise<void> {
  const digest = hash('sha256', files.map(({ sql }) => sql).join('\0'), 'hex');
  const client = await connectClient(connection, 0);
  try {
    await client.pg.query('select pg_advisory_lock($1)', [lock]);
    if (await isCurrent(client, digest)) {
      await client.pg.query(publication);
      return;
    }
    await client.pg.query('begin');
    // "… already exists, skipping" once per object would drown the log.
    await client.pg.query('set local client_min_messages to warning');
    for (const file of files) {
      try {
        await client.pg.query(file.sql);
      } catch (error) {
        throw new Error(`realtime migration ${file.version}: ${(error as Error).message}`, { cause: error });
      }
    }
    await client.pg.query(publication);
    await client.pg.query(`comment on table realtime.schema_migrations is '${digest}'`);
    await client.pg.query('commit');
  } finally {
    // Ends the transaction and gives the lock back.
    await client.pg.end();
  }
}

// The comment of the table of versions says which files made the schema.
async function isCurrent(client: Client, digest: string): Promise<boolean> {
  const { rows } = await client.pg.query<{ current: boolean }>(
    "select obj_description(to_regclass('realtime.schema_migrations'), 'pg_class') = $1 as current",
    [digest],
  );
  return rows[0]?.current === true;
}
