import type { RoomSetting } from '../data/settings.ts';

/** How a setting is edited. */
export type FieldKind = 'switch' | 'choice' | 'list' | 'secret' | 'text';

/** By what its texts look like. */
export function fieldKind({ type, secret }: Pick<RoomSetting, 'type' | 'secret'>): FieldKind {
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
export function originText({ origin, changedHere }: Pick<RoomSetting, 'origin' | 'changedHere'>): string {
  if (changedHere) return 'set here';
  if (origin === 'default') return 'standard value';
  if (origin.startsWith('environment ')) return 'from the environment';
  const file = /([^/]+):\d+ \S+$/.exec(origin)?.[1];
  return file === undefined ? `from ${origin}` : `from ${file}`;
}

/** Changes that change something: a draft that says what is there already is none. */
export function effectiveChanges(
  drafts: ReadonlyMap<string, string | null>,
  settings: readonly RoomSetting[],
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

/** What saving changes of these settings does, in words; rooms by name. */
export function savingDoes(
  changed: ReadonlySet<string>,
  settings: readonly Pick<RoomSetting, 'room' | 'name' | 'counts'>[],
): string {
  const rooms = (counts: RoomSetting['counts']) =>
    [
      ...new Set(settings.flatMap((each) => (changed.has(each.name) && each.counts === counts ? [each.room] : []))),
    ].join(', ');
  const [atOnce, later] = [rooms('room'), rooms('restart')];
  return [
    atOnce && `Counts at once: ${atOnce} starts anew beside the present one, which finishes what is under way.`,
    later && `Counts from the next start of the program on: ${later}.`,
  ]
    .filter((each) => each !== '')
    .join(' ');
}
