import type { LiveSetting } from './data.ts';

/** How a setting is edited. */
export type FieldKind = 'switch' | 'choice' | 'list' | 'secret' | 'text';

/** By what its texts look like. */
export function fieldKind({ type, secret }: Pick<LiveSetting, 'type' | 'secret'>): FieldKind {
  if (secret) return 'secret';
  if (type === 'true or false') return 'switch';
  if (type === 'list') return 'list';
  return type.includes(' | ') ? 'choice' : 'text';
}

/** Words to choose from. */
export const choicesOf = (type: string): readonly string[] => type.split(' | ');

/** A list, one item a line. */
export const listLines = (text: string): string => text.split(',').join('\n');

/** The text of a list that was typed one item a line. One without items is a value as well, so that it can be emptied. */
export function listText(lines: string): string {
  const items = lines
    .split(/[\n,]/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
  return items.length === 0 ? ',' : items.join(',');
}

/** Where a value comes from, in words. */
export function originText({ origin, changedHere }: Pick<LiveSetting, 'origin' | 'changedHere'>): string {
  if (changedHere) return 'set here';
  if (origin === 'default') return 'standard value';
  if (origin.startsWith('environment ')) return 'from the environment';
  const file = /([^/]+):\d+ \S+$/.exec(origin)?.[1];
  return file === undefined ? `from ${origin}` : `from ${file}`;
}

/** Changes that change something: a draft that says what is there already is none. */
export function effectiveChanges(
  drafts: ReadonlyMap<string, string | null>,
  settings: readonly LiveSetting[],
): ReadonlyMap<string, string | null> {
  const byName = new Map(settings.map((setting) => [setting.name, setting]));
  return new Map(
    [...drafts].filter(([name, draft]) => {
      const setting = byName.get(name);
      if (!setting) return false;
      if (draft === null) return setting.changedHere;
      if (setting.secret) return draft !== '';
      const present = setting.type === 'list' && setting.text === '' ? ',' : setting.text;
      return draft !== present;
    }),
  );
}
