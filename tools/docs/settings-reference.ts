import { renderReference, type SettingsSchema } from '#kernel/config';

/** The reference of settings as Markdown. */
export function renderSettings(rooms: readonly { readonly name: string; readonly schema: SettingsSchema }[]): string {
  const head = [
    '# Settings',
    '',
    'Every setting, by room. A value is looked for in the environment and in `.env` (or the files given with',
    '`--env-file`): first under the names of the original service, then under the standard name, then under the names of',
    'integrators, which draw a warning. An empty value counts as not set. `NAME_FILE` names a file that holds the value.',
    '`npx pmoves-supabase config --current` shows the values in force and where each comes from.',
    '',
    '<!-- Written by `npm run docs` from the settings.ts of each room; change it there. -->',
    '',
  ];
  return [...head, renderReference(rooms).trimEnd(), ''].join('\n');
}
