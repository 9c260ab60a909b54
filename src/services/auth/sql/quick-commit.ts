import type { Sql } from './rows.ts';

/**
 * Lets the transaction end without waiting for the disk. Whether it has to wait depends on what it wrote, down to the lock
 * on a row, which time would tell; and nothing is lost with what it wrote that a crash would not forget anyway.
 */
export async function commitWithoutDisk(sql: Sql): Promise<void> {
  await sql.query(`select set_config('synchronous_commit', 'off', true)`);
}
