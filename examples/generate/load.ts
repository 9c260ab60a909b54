import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bulkInsert, untilServed } from '../lib/bulk-insert.ts';
import { applySql, type Connection, findConnection } from '../lib/connection.ts';
import { createProgressBar, type LoadFigures, type ProgressBar } from '../lib/progress-bar.ts';
import { generateShop, shopSize } from './rows.ts';

/**
 * Makes the shop's tables (again) over SQL and fills them through REST.
 *
 * @param rows in all tables together, at least 1000
 */
export async function loadShop(connection: Connection, rows: number, progress: ProgressBar): Promise<LoadFigures> {
  await applySql(connection.databaseUrl, join(import.meta.dirname, 'schema.sql'));
  const options = { url: connection.url, key: connection.serviceKey, onProgress: progress.update };
  for (const load of generateShop(shopSize(rows))) {
    await untilServed(options, load.table);
    await bulkInsert(load, options);
  }
  return progress.finish();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = Number((process.argv[2] ?? '1000000').replaceAll(/[_,]/g, ''));
  if (!Number.isSafeInteger(rows) || rows < 1_000) throw new Error('usage: load.ts [rows, at least 1000]');
  await loadShop(findConnection(), rows, createProgressBar());
}
