/** A setting of a room with the value in force. */
export interface RoomSetting {
  readonly room: string;
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly secret: boolean;
  readonly isSet: boolean;
  /** Absent for secrets. */
  readonly text?: string;
  readonly standard: string;
  /** `default`, or where it is set. */
  readonly origin: string;
}

/** Rooms in the order in which they are told. */
export const roomsOf = (settings: readonly RoomSetting[]): readonly string[] => [
  ...new Set(settings.map(({ room }) => room)),
];

/** Settings that somebody looks for: every word has to be in the name or the sentence. */
export function found(
  settings: readonly RoomSetting[],
  { room, search, set }: { readonly room: string; readonly search: string; readonly set: boolean },
): readonly RoomSetting[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return settings.filter((setting) => {
    const text = `${setting.name} ${setting.help}`.toLowerCase();
    return (
      (room === '' || setting.room === room) &&
      (!set || setting.origin !== 'default') &&
      words.every((word) => text.includes(word))
    );
  });
}

/** Where a value comes from, in words: of paths the file and the line. */
export function originOf(origin: string): string {
  if (origin === 'default') return 'standard value';
  if (origin.startsWith('environment ')) return 'environment';
  const file = /([^/]+:\d+) \S+$/.exec(origin)?.[1];
  return file ?? origin;
}
