import { resolve } from 'node:path';
import { parseConnectionUrl } from '#kernel/sql';
import { openStorageAudit } from '#services/storage';
import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { volumesOf } from '../app/volumes.ts';
import { type Command, print } from './command.ts';
import { stackDatabase } from './database-connection.ts';

/** `storage`: holds the database and the files against each other. */
export const storageCommand: Command = {
  name: 'storage',
  summary: 'verify that every object has its content, or remove content that nothing needs',
  help: `usage: pmoves-supabase storage verify [--deep]
       pmoves-supabase storage gc

Works on the database of the running stack, or on the external one.
verify  looks for objects without their content, content of another size, and content that nothing needs;
        exit code 1 when anything is missing or damaged
--deep  reads every content and compares checksums, too
gc      removes content that nothing needs; versions whose objects SQL deleted go after STORAGE_RETENTION`,

  async run(context) {
    const [action, ...flags] = context.args;
    if (action !== 'verify' && action !== 'gc') {
      context.err(storageCommand.help);
      return 2;
    }
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const audit = await openStorageAudit(
      settings.storage,
      settings.storage.databaseUrl
        ? parseConnectionUrl(settings.storage.databaseUrl)
        : stackDatabase(settings, 'supabase_storage_admin'),
      resolve(volumesOf(settings), 'storage'),
    );
    try {
      if (action === 'gc') {
        const found = await audit.collect();
        print(context, found, () => `${found.orphans} contents removed, ${found.retired} versions retired`);
        return 0;
      }
      const counts = { missing: 0, damaged: 0, orphan: 0 };
      for await (const { kind, place, detail } of audit.verify(flags.includes('--deep'))) {
        counts[kind]++;
        context.err(`${kind}: ${place} (${detail})`);
      }
      print(context, counts, () => `${counts.missing} missing, ${counts.damaged} damaged, ${counts.orphan} orphans`);
      return counts.missing + counts.damaged > 0 ? 1 : 0;
    } finally {
      await audit.close();
    }
  },
};
