import { type ConnectionOptions, createDatabase } from '#kernel/sql';
import type { StorageSettings } from '../settings.ts';
import { migrateStorage } from '../sql/migrations/index.ts';
import { audit, collect, type Finding } from './audit.ts';
import { openStore } from './content/open-store.ts';

/** Audits a store from outside of the running room. */
export interface StorageAudit {
  verify(deep: boolean): AsyncIterable<Finding>;
  /** @returns contents that were removed, and versions that will be */
  collect(): Promise<{ readonly orphans: number; readonly retired: number }>;
  close(): Promise<void>;
}

/** Opens an audit. @param connection as `supabase_storage_admin` @param defaultFolder of the file backend */
export async function openStorageAudit(
  settings: StorageSettings,
  connection: ConnectionOptions,
  defaultFolder: string,
): Promise<StorageAudit> {
  const { own } = await migrateStorage(connection);
  // What is looked for is on the disk: a file kept open would still be there.
  const store = await openStore({ ...settings, openFiles: 0, smallContents: 0 }, defaultFolder);
  const db = createDatabase({ connection, size: 2 });
  const context = { db, store, own };
  const { orphanAge: minAge } = settings;
  return {
    verify: (deep) => audit(context, { deep, minAge, now: Date.now() }),
    collect: () =>
      collect(context, { minAge, now: Date.now(), retention: settings.retention }, (content) =>
        store.removeListed(content),
      ),
    async close() {
      await store.close();
      await db.close();
    },
  };
}
