import { type ConnectionOptions, connectClient, type MigrationFile } from '#kernel/sql';

/** Key of the advisory lock that lets any number of nodes start at once. */
const lock = 7_221_041_002;

/**
 * Brings schema `realtime` up to date in one transaction. Every file may be run again, so what somebody dropped is made
 * anew at each start; the lock keeps nodes from getting in each other's way.
 *
 * @throws Error naming the file that failed, with the server's error as its cause
 */
export async function migrate(connection: ConnectionOptions, files: readonly MigrationFile[]): Promise<void> {
  const client = await connectClient(connection, 0);
  try {
    await client.pg.query('select pg_advisory_lock($1)', [lock]);
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
    await client.pg.query('commit');
  } finally {
    // Ends the transaction and gives the lock back.
    await client.pg.end();
  }
}
