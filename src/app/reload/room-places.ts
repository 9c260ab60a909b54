import type { Room } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { LoadedSettings } from '../load-settings.ts';
import { successionOf } from '../registry.ts';
import type { RoomName } from '../settings.ts';
import { createReplaceableRoom } from './replaceable-room.ts';

/** The rooms of a stack that can be made anew, with other settings, while they serve. */
export interface RoomPlaces {
  /**
   * Makes a room with the settings of the stack and remembers how.
   *
   * @param make is given what the room whose place is taken offers, to go on with what must outlive it
   * @throws Error for a room that the registry says cannot be replaced
   */
  place<Api>(name: RoomName, make: (settings: LoadedSettings, former: Api | undefined) => Room<Api>): Room<Api>;
  /** Whether this process has such a room. */
  has(name: RoomName): boolean;
  /**
   * Puts a room with these settings in the place of the one that serves; fulfilled once it serves.
   *
   * @throws what kept it from starting, and the room in place goes on; Error when there is no such place
   */
  replace(name: RoomName, settings: LoadedSettings): Promise<void>;
}

/** @param settings those that the stack begins with */
export function createRoomPlaces(settings: LoadedSettings, log: Logger): RoomPlaces {
  const replacements = new Map<RoomName, (settings: LoadedSettings) => Promise<void>>();
  return {
    place(name, make) {
      const kind = successionOf(name);
      if (!kind) throw new Error(`room ${name} has no place`);
      const room = createReplaceableRoom(make(settings, undefined), {
        kind,
        linger: settings.stack.formerLifetime,
        drain: settings.gateway.drainTimeout,
        log: log.child({ room: name }),
      });
      replacements.set(name, (changed) => room.replace(() => make(changed, room.api)));
      return room;
    },
    has: (name) => replacements.has(name),
    async replace(name, changed) {
      const replacement = replacements.get(name);
      if (!replacement) throw new Error(`room ${name} cannot be replaced while the program runs`);
      await replacement(changed);
    },
  };
}
