import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bulkInsert, untilServed } from '../lib/bulk-insert.ts';
import { applySql, type Connection, findConnection } from '../lib/connection.ts';
import { createProgressBar, type LoadFigures, type ProgressBar } from '../lib/progress-bar.ts';
import { readDatasets } from './read.ts';

/** Makes the tables (again) over SQL and fills them through REST. */
export async function loadDatasets(connection: Connection, progress: ProgressBar): Promise<LoadFigures> {
  await applySql(connection.databaseUrl, join(import.meta.dirname, 'schema.sql'));
  const options = { url: connection.url, key: connection.serviceKey, onProgress: progress.update };
  for (const load of readDatasets()) {
    await untilServed(options, load.table);
    await bulkInsert(load, options);
  }
  return progress.finish();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await loadDatasets(findConnection(), createProgressBar());
