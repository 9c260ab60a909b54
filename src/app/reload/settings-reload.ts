import { existsSync } from 'node:fs';
import type { SettingsSchema } from '#kernel/config';
import type { Logger, Redactor } from '#kernel/log';
import { assertUsable, type LoadedSettings } from '../load-settings.ts';
import { registry } from '../registry.ts';
import { secretTextsOf } from '../secret-texts.ts';
import type { RoomName } from '../settings.ts';
import { authFolder, type SettingsFolder, settingsFolder } from '../settings-folders.ts';
import { planChange } from './change-plan.ts';
import { fingerprintOf } from './config-folder.ts';
import { createFolderWatch, type FolderWatch } from './folder-watch.ts';
import { mostFormer } from './replaceable-room.ts';
import type { RoomPlaces } from './room-places.ts';

/** What changes settings while the program runs. */
export interface SettingsReload {
  /** What is in force; what counts from the next start on is as it was at this one. */
  readonly inForce: () => LoadedSettings;
  /** Reads the settings again; rooms for which they differ give place to others with the new ones. */
  now(): Promise<void>;
  /** The same for somebody who waits. @throws Error saying what is wrong with them; those before stay in force then */
  apply(): Promise<void>;
  /** Begins to heed the folders of settings, where there are any. */
  start(): void;
  stop(): void;
}

/** What it is made of. */
export interface SettingsReloadOptions {
  readonly settings: LoadedSettings;
  readonly places: Pick<RoomPlaces, 'has' | 'replace'>;
  /** False: another process watches the folders. */
  readonly watches: boolean;
  /** Keeps secrets out of the log. */
  readonly hide: Redactor['hide'];
  /** Has other processes do the same, once the settings have proved usable here. @throws Error when they are not there */
  readonly passOn: () => Promise<void>;
  readonly log: Logger;
}

/** Ends the hiding of secrets. */
type Forget = () => void;

/** Creates it; nothing is watched before `start`. */
export function createSettingsReload(options: SettingsReloadOptions): SettingsReload {
  const { settings, places, log } = options;
  let present = settings;
  let line: Promise<void> = Promise.resolve();
  // By room, oldest first: of those that may still finish something, and of the one that serves.
  const hidden = new Map<RoomName, Forget[]>();
  /** Of the last settings that were refused: a room that had taken them may still finish something. */
  let refused: readonly Forget[] = [];

  async function reload(): Promise<void> {
    const next = settings.current();
    assertUsable(next);
    const plan = planChange(present, next);
    if (plan.rooms.size === 0) return;
    const hiding = new Map([...plan.rooms.keys()].map((room) => [room, options.hide(secretsOf(room, plan.settings))]));
    try {
      await replaceAll([...plan.rooms.keys()], plan.settings);
    } catch (error) {
      for (const forget of refused) forget();
      refused = [...hiding.values()];
      throw error;
    }
    for (const [room, forget] of hiding) succeed(room, forget);
    present = plan.settings;
    for (const [room, changed] of plan.rooms)
      if (places.has(room)) log.info({ changed }, `${room} serves with changed settings`);
  }

  // Whoever came before those that a place has can tell nothing any more.
  function succeed(room: RoomName, forget: Forget): void {
    const known = [...(hidden.get(room) ?? []), forget];
    for (const former of known.splice(0, known.length - mostFormer - 1)) former();
    hidden.set(room, known);
  }

  // All or none: a change may concern several rooms.
  async function replaceAll(rooms: readonly RoomName[], changed: LoadedSettings): Promise<void> {
    const replaced: RoomName[] = [];
    try {
      for (const room of rooms) {
        if (!places.has(room)) continue;
        await places.replace(room, changed);
        replaced.push(room);
      }
      await options.passOn();
    } catch (error) {
      for (const room of replaced)
        await places
          .replace(room, present)
          .catch((reason: unknown) => log.error({ err: reason }, `${room} could not go back to its former settings`));
      throw error;
    }
  }

  const apply = (): Promise<void> => {
    const done = line.then(reload);
    line = done.catch(() => {});
    return done;
  };
  const now = (): Promise<void> =>
    apply().catch((error: unknown) => {
      const reason = (error as Error).message.replaceAll('\n', '; ');
      log.error({ reason }, 'settings were changed to something unusable; those before stay in force');
    });
  const folders = foldersOf(settings);
  const { reloadNotify: notify, reloadPoller, reloadPollInterval, reloadGrace } = settings.auth;
  const wanted = options.watches && (notify || reloadPoller);
  const watches = new Map<string, FolderWatch>();
  let serves = false;

  // A folder that nobody named begins to be heeded when it is there.
  function heedFolders(): void {
    if (!serves || !wanted) return;
    for (const { path: folder, named } of folders) {
      if (watches.has(folder) || !(named || existsSync(folder))) continue;
      const watch = createFolderWatch({
        folder,
        fingerprint: () => fingerprintOf(folder),
        onChange: () => void now(),
        notify,
        interval: reloadPollInterval,
        grace: reloadGrace,
        log,
      });
      watches.set(folder, watch);
      watch.start();
    }
  }

  return {
    inForce: () => present,
    now,
    async apply() {
      await apply();
      heedFolders();
    },
    start() {
      serves = true;
      heedFolders();
    },
    stop() {
      serves = false;
      for (const watch of watches.values()) watch.stop();
      watches.clear();
    },
  };
}

function foldersOf({ sources, cwd }: LoadedSettings): readonly SettingsFolder[] {
  const own = authFolder(sources, cwd);
  const all = settingsFolder({ ...sources, overrides: [] }, cwd);
  return own && own.path !== all.path ? [all, own] : [all];
}

function secretsOf(name: RoomName, settings: LoadedSettings): string[] {
  const schema: SettingsSchema | undefined = registry.find((room) => room.name === name)?.schema;
  return schema ? secretTextsOf(schema, settings[name] as Parameters<typeof secretTextsOf>[1]) : [];
}
