import type { WorkConnection } from './work-connection.ts';

/**
 * Takes the advisory lock by which SQL sees that somebody does the extensions' work (`net.check_worker_is_up`). It is
 * shared, since any number of nodes may, and goes with the session.
 */
export async function claimWork(connection: WorkConnection): Promise<void> {
  await connection.query('select pg_advisory_lock_shared(7366, 2)');
}
