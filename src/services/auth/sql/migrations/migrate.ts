import { asDatabaseError, type ConnectionOptions, connectClient, type MigrationFile } from '#kernel/sql';
import { upstreamVersions } from './versions.ts';

/** Key of the advisory lock that lets any number of nodes start at once. */
const lock = 7_221_041_001;

const missing = `
select $1::text[] <@ array(select version::text from auth.schema_migrations) as complete`;

/**
 * Brings schema `auth` up to date in one transaction. Costs one query when there is nothing to do.
 *
 * @returns whether anything was applied
 * @throws Error naming the file that failed, with the server's error as its cause
 */
export async function migrate(connection: ConnectionOptions, files: readonly MigrationFile[]): Promise<boolean> {
  const client = await connectClient(connection, 0);
  const isComplete = async (): Promise<boolean> => {
    try {
      return (await client.pg.query(missing, [upstreamVersions])).rows[0]?.complete === true;
    } catch (error) {
      // undefined_table, invalid_schema_name: a new database.
      if (['42P01', '3F000'].includes(asDatabaseError(error)?.code ?? '')) return false;
      throw error;
    }
  };
  try {
    if (await isComplete()) return false;
    await client.pg.query('select pg_advisory_lock($1)', [lock]);
    if (await isComplete()) return false;
    await client.pg.query('begin');
    // "… already exists, skipping" once per object would drown the log.
    await client.pg.query('set local client_min_messages to warning');
    for (const file of files) {
      try {
        await client.pg.query(file.sql);
      } catch (error) {
        throw new Error(`auth migration ${file.version}: ${(error as Error).message}`, { cause: error });
      }
    }
    await client.pg.query('commit');
    return true;
  } finally {
    // Ends the transaction and gives the lock back.
    await client.pg.end();
  }
}
