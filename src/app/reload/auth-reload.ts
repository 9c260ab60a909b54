import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '#kernel/log';
import { type AuthSettings, authSettings } from '#services/auth';
import { authConfigFolder } from '../auth-settings.ts';
import type { LoadedSettings } from '../load-settings.ts';
import { fingerprintOf } from './config-folder.ts';
import { createFolderWatch, type FolderWatch } from './folder-watch.ts';
import type { RoomPlaces } from './room-places.ts';

/** What changes the settings of auth while it serves. */
export interface AuthReload {
  /** Reads the settings again; where they differ, a room with the new ones takes the place of the present one. */
  now(): Promise<void>;
  /** The same for somebody who waits. @throws Error saying what is wrong with them; those before stay in force then */
  apply(): Promise<void>;
  /** Begins to heed the folder of settings, where there is one. */
  start(): void;
  stop(): void;
}

/** What it is made of. */
export interface AuthReloadOptions {
  readonly settings: LoadedSettings;
  readonly places: RoomPlaces;
  /** False: another process watches the folder. */
  readonly watches: boolean;
  /** Called before settings count, so that secrets among them stay out of the log. */
  readonly beforeUse: (settings: AuthSettings) => void;
  /** Called after new settings have proved usable, e.g. to pass the word on. */
  readonly afterUse: () => void;
  readonly log: Logger;
}

/** Creates it; nothing is watched before `start`. */
export function createAuthReload(options: AuthReloadOptions): AuthReload {
  const { settings, log } = options;
  let present = settings.auth;
  let line: Promise<void> = Promise.resolve();

  async function reload(): Promise<void> {
    const next = settings.currentAuth().settings;
    const changed = changedNames(present, next);
    if (changed.length === 0) return;
    options.beforeUse(next);
    await options.places.replace('auth', { ...settings, auth: next });
    present = next;
    if (settings.rooms.size > 1 && changed.some((name) => name === 'JWT_SECRET' || name === 'JWT_KEYS'))
      log.warn({}, 'keys of tokens have changed for auth alone; the other services know them after a restart');
    log.info({ changed }, 'auth serves with changed settings');
    options.afterUse();
  }

  const apply = (): Promise<void> => {
    const done = line.then(reload);
    line = done.catch(() => {});
    return done;
  };
  const now = (): Promise<void> =>
    apply().catch((error: unknown) => {
      const reason = (error as Error).message.replaceAll('\n', '; ');
      log.error({ reason }, 'the settings of auth were changed to something unusable; those before stay in force');
    });
  const { path: folder, named } = authConfigFolder(settings.sources, settings.cwd);
  const { reloadNotify: notify, reloadPoller, reloadPollInterval, reloadGrace } = settings.auth;
  const wanted = options.watches && (notify || reloadPoller);
  let watch: FolderWatch | undefined;
  let serves = false;

  // A folder that nobody named begins to be heeded when it is there.
  function heedFolder(): void {
    if (watch || !serves || !wanted || !(named || existsSync(folder))) return;
    watch = createFolderWatch({
      folder,
      fingerprint: () => fingerprintOf(folder),
      onChange: () => void now(),
      notify,
      interval: reloadPollInterval,
      grace: reloadGrace,
      log,
    });
    watch.start();
  }

  return {
    now,
    async apply() {
      await apply();
      heedFolder();
    },
    start() {
      serves = true;
      heedFolder();
    },
    stop() {
      serves = false;
      watch?.stop();
      watch = undefined;
    },
  };
}

// Names alone: a value may be a secret.
function changedNames(before: AuthSettings, after: AuthSettings): string[] {
  return Object.entries(authSettings)
    .filter(([key]) => {
      const name = key as keyof AuthSettings;
      return !isDeepStrictEqual(before[name], after[name]);
    })
    .map(([, { name }]) => name);
}
