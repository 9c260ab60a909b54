import type { Client } from './client.ts';
import { quoteIdentifier } from './quote.ts';

/** One step of a room's schema: a sortable version and its SQL (several statements are allowed). */
export interface MigrationFile {
  readonly version: string;
  readonly sql: string;
}

/**
 * Applies what is missing of a room's migrations, in order, each in a transaction together with its entry in the
 * history table (whose first column is `version`). An advisory lock lets any number of nodes start at once.
 *
 * @param history schema and table that hold the applied versions; the table must exist or be made by the first file
 * @param lock key of the advisory lock, one per history
 * @returns versions applied now
 */
export async function applyMigrations(
  client: Client,
  history: { readonly schema: string; readonly table: string },
  files: readonly MigrationFile[],
  lock: number,
): Promise<string[]> {
  const table = `${quoteIdentifier(history.schema)}.${quoteIdentifier(history.table)}`;
  const applied: string[] = [];
  await client.pg.query('select pg_advisory_lock($1)', [lock]);
  try {
    const exists = await client.pg.query('select to_regclass($1) as name', [table]);
    const known = new Set<string>(
      exists.rows[0]?.name
        ? (await client.pg.query(`select version from ${table}`)).rows.map((row) => row.version)
        : [],
    );
    for (const file of files) {
      if (known.has(file.version)) continue;
      await client.pg.query('begin');
      try {
        await client.pg.query(file.sql);
        await client.pg.query(`insert into ${table} (version) values ($1) on conflict do nothing`, [file.version]);
        await client.pg.query('commit');
      } catch (error) {
        await client.pg.query('rollback').catch(() => {});
        (error as Error).message = `migration ${file.version}: ${(error as Error).message}`;
        throw error;
      }
      applied.push(file.version);
    }
  } finally {
    await client.pg.query('select pg_advisory_unlock($1)', [lock]).catch(() => {});
  }
  return applied;
}
