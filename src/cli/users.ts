import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { StartupError } from '#kernel/errors';
import { parseConnectionUrl } from '#kernel/sql';
import { openUserTransfer, type UserTransfer } from '#services/auth';
import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { type Command, type CommandContext, print } from './command.ts';
import { stackDatabase } from './database-connection.ts';

/** `users`: brings users in and out in bulk. */
export const usersCommand: Command = {
  name: 'users',
  summary: 'import users with their password hashes from CSV or JSON, or export them',
  help: `usage: pmoves-supabase users import FILE [--format json|csv] [--skip-existing] [--dry-run]
       pmoves-supabase users export FILE [--format json|csv] [--hashes]

Works on the database of the running stack, or on the external one. The format is that of the file's name unless given.
import  all users or none. Columns: id, email, phone, password or password_hash (bcrypt, argon2, Firebase scrypt),
        email_confirmed_at or email_confirm, phone_confirmed_at or phone_confirm, user_metadata, app_metadata, role,
        created_at, last_sign_in_at, banned_until, identities; a dump of auth.users is read as it is
--skip-existing  leaves out users whose id or address is taken
--dry-run        checks everything, the database too, and keeps nothing
export  all users of one moment, into a file only you can read
--hashes         with their password hashes`,

  async run(context) {
    const [action, file, ...flags] = context.args;
    if ((action !== 'import' && action !== 'export') || file === undefined || file.startsWith('--')) {
      context.err(usersCommand.help);
      return 2;
    }
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const format = formatOf(file, flags);
    const path = resolve(context.input.cwd, file);
    const transfer = openUserTransfer(
      settings.auth,
      settings.auth.databaseUrl
        ? parseConnectionUrl(settings.auth.databaseUrl)
        : stackDatabase(settings, 'supabase_auth_admin'),
      settings.auth.passwordConcurrency || availableParallelism(),
    );
    try {
      return await (action === 'import'
        ? bringIn(context, transfer, path, format, flags)
        : takeOut(context, transfer, path, format, flags));
    } catch (error) {
      throw error instanceof StartupError ? error : new StartupError((error as Error).message, undefined, error);
    } finally {
      await transfer.close();
    }
  },
};

function formatOf(file: string, flags: readonly string[]): 'json' | 'csv' {
  const index = flags.indexOf('--format');
  const format = index < 0 ? /\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() : flags[index + 1];
  if (format === 'json' || format === 'csv') return format;
  throw new StartupError(`${file} does not say whether it is JSON or CSV; add --format json or --format csv`);
}

async function bringIn(
  context: CommandContext,
  transfer: UserTransfer,
  path: string,
  format: 'json' | 'csv',
  flags: readonly string[],
): Promise<number> {
  const dryRun = flags.includes('--dry-run');
  const report = await transfer.import(readFileSync(path, 'utf8'), format, {
    dryRun,
    skipKnown: flags.includes('--skip-existing'),
  });
  const { read, imported } = report;
  print(context, { ...report, dryRun }, () =>
    dryRun
      ? `${imported} of ${read} users can be imported; nothing was kept`
      : `${imported} of ${read} users imported${imported < read ? '; the others were there already' : ''}`,
  );
  return 0;
}

async function takeOut(
  context: CommandContext,
  transfer: UserTransfer,
  path: string,
  format: 'json' | 'csv',
  flags: readonly string[],
): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  try {
    const exported = await transfer.export(format, flags.includes('--hashes'), async (piece) => {
      await file.write(piece);
    });
    await file.sync();
    print(context, { exported, file: path }, () => `${exported} users exported to ${path}`);
    return 0;
  } finally {
    await file.close();
  }
}
