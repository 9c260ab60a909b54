import { maskedValue, renderReference } from '#kernel/config';
import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { allSchemas } from '../app/registry.ts';
import { type Command, print } from './command.ts';

/** `config`: the reference of all settings, or what is in force. */
export const configCommand: Command = {
  name: 'config',
  summary: 'print the reference of all settings, or with --current what is in force',
  help: `usage: pmoves-supabase config [--current] [--env-file FILE]… [--json]

Without --current: every setting with type, default and meaning, as Markdown. With it: the value in force and where it
comes from; secrets are masked.`,

  async run(context) {
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
