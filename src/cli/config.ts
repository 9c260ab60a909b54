import { maskedValue, renderReference } from '#kernel/config';
import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { allSchemas } from '../app/registry.ts';
import { type Command, print } from './command.ts';
import { exportSettings, importSettings } from './config-transfer.ts';

/** `config`: the reference of all settings, or what is in force. */
export const configCommand: Command = {
  name: 'config',
  summary: 'print the reference of all settings or what is in force; export and import settings',
  help: `usage: pmoves-supabase config [--current] [--env-file FILE]… [--json]
       pmoves-supabase config export [--secrets]
       pmoves-supabase config import FILE [--yes]

Without --current: every setting with type, default and meaning, as Markdown. With it: the value in force and where it
comes from; secrets are masked.
export  prints what differs from the standard values, as an env file; --secrets with those
import  shows what a file would change; --yes changes it: in the running program, or else for the next start. Keys and what says
        where things are stay as they are`,

  async run(context) {
    if (context.args[0] === 'export') return exportSettings(context);
    if (context.args[0] === 'import') return importSettings(context);
    if (!context.args.includes('--current')) {
      const reference = allSchemas.map(({ name, schema }) => ({
        room: name,
        settings: Object.values(schema).map(({ parse: _parse, ...rest }) => rest),
      }));
      print(context, reference, () => renderReference(allSchemas));
      return 0;
    }
    const settings = loadSettings(context.input);
    const current = settings.effective.map(({ room, setting, value, origin }) => ({
      room,
      name: setting.name,
      value: maskedValue(setting, value),
      origin,
    }));
    print(context, current, () =>
      current.map(({ room, name, value, origin }) => `${room.padEnd(8)} ${name} = ${value}  (${origin})`).join('\n'),
    );
    assertUsable(settings);
    return 0;
  },
};
