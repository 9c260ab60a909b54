import { isDeepStrictEqual } from 'node:util';
import type { Setting } from '#kernel/config';
import { authSettings } from '#services/auth';
import type { LoadedSettings } from '../load-settings.ts';
import { registry, successionOf } from '../registry.ts';
import { secretGenerators } from '../secrets.ts';
import { type RoomName, stackSettings } from '../settings.ts';

/**
 * When a setting counts that is changed while the program runs: `room`: at once, by a room that takes the place of the
 * present one; `restart`: from the next start on; `file`: likewise, and it belongs in `.env`, because it is a key that several
 * programs share, or says where settings are.
 */
export type Effect = 'room' | 'restart' | 'file';

const { volumesDir, configDir } = stackSettings;
const kept: ReadonlySet<string> = new Set([
  ...Object.keys(secretGenerators),
  ...['ANON_KEY', 'SERVICE_ROLE_KEY', 'JWT_JWKS', authSettings.jwtKeys.name],
  ...[volumesDir.name, configDir.name, authSettings.configDir.name],
]);

/**
 * When a change of that setting counts.
 *
 * @param room name of the room, or `stack`
 * @param alone whether no other room runs, so that nobody else has to know its keys
 */
export function effectOf(room: string, setting: Setting<unknown>, alone = false): Effect {
  if (setting.prefix !== undefined || (kept.has(setting.name) && !alone)) return 'file';
  if (setting.atStart || !successionOf(room as RoomName)) return 'restart';
  return 'room';
}

/** What has to be done for other settings to count. */
export interface ChangePlan {
  /** Rooms to make anew, in start order, each with the names of what changes for it. */
  readonly rooms: ReadonlyMap<RoomName, readonly string[]>;
  /** What is in force then: all that may count at once, and else what was in force before. */
  readonly settings: LoadedSettings;
}

/**
 * Decides what follows from a change.
 *
 * @param present what is in force
 * @param next what stands in the files
 */
export function planChange(present: LoadedSettings, next: LoadedSettings): ChangePlan {
  const rooms = new Map<RoomName, string[]>();
  const values: Partial<Record<RoomName, unknown>> = {};
  const alone = present.sources.alone;
  for (const { name, schema } of registry) {
    const before = present[name] as Readonly<Record<string, unknown>>;
    const after: Record<string, unknown> = { ...next[name] };
    const changed: string[] = [];
    for (const [key, setting] of Object.entries(schema)) {
      if (isDeepStrictEqual(before[key], after[key])) continue;
      // Of a family the members are not known here; who reads it anew takes it over with the rest.
      if (effectOf(name, setting, alone) !== 'room') after[key] = before[key];
      else changed.push(setting.name);
    }
    values[name] = Object.freeze(after);
    if (changed.length > 0 && present.rooms.has(name)) rooms.set(name, changed);
  }
  return { rooms, settings: { ...next, ...values, stack: present.stack, rooms: present.rooms } as LoadedSettings };
}
