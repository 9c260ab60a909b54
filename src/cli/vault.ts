import { resolve } from 'node:path';
import { pruneVaultKeys, rotateVaultKey } from '#services/db';
import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { volumesOf } from '../app/volumes.ts';
import { type Command, print } from './command.ts';
import { stackDatabase } from './database-connection.ts';

/** `vault`: looks after the root keys that secrets in the database are encrypted with. */
export const vaultCommand: Command = {
  name: 'vault',
  summary: "rotate the key that the vault's secrets are encrypted with, or remove old ones",
  help: `usage: pmoves-supabase vault rotate
       pmoves-supabase vault prune

Works on the database of the running stack. The keys are in db/vault.key below VOLUMES_DIR: keep a copy of it, apart
from those of the database.
rotate  makes a new key and puts all secrets under it; older keys stay, since older copies of the database need them
prune   removes the keys that no secret of the database as it is now needs`,

  async run(context) {
    const [action] = context.args;
    if (action !== 'rotate' && action !== 'prune') {
      context.err(vaultCommand.help);
      return 2;
    }
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const options = {
      volumes: resolve(volumesOf(settings)),
      connection: stackDatabase(settings, 'supabase_admin'),
    };
    if (action === 'rotate') {
      const done = await rotateVaultKey(options);
      print(context, done, () => `key ${done.key} is the current one; ${done.resealed} secrets were put under it`);
    } else {
      const removed = await pruneVaultKeys(options);
      print(context, { removed }, () => `${removed.length} keys removed`);
    }
    return 0;
  },
};
