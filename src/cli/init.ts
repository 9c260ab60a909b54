import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { writeMissingSecrets } from '../app/prepare.ts';
import { type Command, print } from './command.ts';

/** `init`: writes the secrets that are missing, without starting anything. */
export const initCommand: Command = {
  name: 'init',
  summary: 'write missing secrets to .env',
  help: `usage: pmoves-supabase init [--env-file FILE]… [--json]

Appends every secret that is not set to .env (or the last --env-file), mode 0600. Nothing that is set is changed.`,

  async run(context) {
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const written = writeMissingSecrets(settings, Math.floor(context.now() / 1_000));
    print(context, { file: settings.writableFile, written }, () =>
      written.length === 0
        ? `Nothing is missing in ${settings.writableFile}.\nNext: npm start`
        : `Wrote to ${settings.writableFile}:\n${written.map((name) => `  ${name}`).join('\n')}\nNext: npm start`,
    );
    return 0;
  },
};
