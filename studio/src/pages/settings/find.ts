import type { RoomSetting } from '../../data/settings.ts';

/** Which settings somebody wants to see: all, those that are set anywhere, by the dashboard, or that wait for a restart. */
export const onlyKinds = ['all', 'set', 'here', 'waiting'] as const;

/** One of them. */
export type Only = (typeof onlyKinds)[number];

/** Rooms in the order in which they are told. */
export const roomsOf = (settings: readonly RoomSetting[]): readonly string[] => [
  ...new Set(settings.map(({ room }) => room)),
];

const fits: Readonly<Record<Only, (setting: RoomSetting) => boolean>> = {
  all: () => true,
  set: ({ origin }) => origin !== 'default',
  here: ({ changedHere }) => changedHere,
  waiting: ({ waits }) => waits,
};

/** Settings that somebody looks for: every word has to be in the name or the sentence. */
export function found(
  settings: readonly RoomSetting[],
  { room, search, only }: { readonly room: string; readonly search: string; readonly only: Only },
): readonly RoomSetting[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return settings.filter((setting) => {
    const text = `${setting.name} ${setting.help}`.toLowerCase();
    return (room === '' || setting.room === room) && fits[only](setting) && words.every((word) => text.includes(word));
  });
}

/** Where a value comes from, in words: of paths the file and the line. */
export function originOf({ origin, changedHere }: Pick<RoomSetting, 'origin' | 'changedHere'>): string {
  if (changedHere) return 'set here';
  if (origin === 'default') return 'standard value';
  if (origin.startsWith('environment ')) return 'environment';
  const file = /([^/]+:\d+) \S+$/.exec(origin)?.[1];
  return file ?? origin;
}

/** When changes of a room's settings count. */
export function countsOf(settings: readonly RoomSetting[]): string {
  if (settings.every(({ counts }) => counts !== 'room')) return 'Changes count from the next start of the program on.';
  return 'Changes count at once: the service starts anew beside the present one, which finishes what is under way.';
}
