import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { StartupError } from '#kernel/errors';
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
  /** Called before settings count, so that secrets among them stay out of the log. @returns ends that */
  readonly hide: (settings: AuthSettings) => () => void;
  /** Called after new settings have proved usable, e.g. to pass the word on. */
  readonly afterUse: () => void;
  readonly log: Logger;
}

/** Creates it; nothing is watched before `start`. */
export function createAuthReload(options: AuthReloadOptions): AuthReload {
  const { settings, log } = options;
  let present = settings.auth;
  let line: Promise<void> = Promise.resolve();
  // Oldest first: of the room that serves, of the one that may still finish requests, and of one that did not start.
  const hidden: (() => void)[] = [];

  async function reload(): Promise<void> {
    const next = settings.currentAuth().settings;
    const changed = changedNames(present, next);
    if (changed.length === 0) return;
    if (settings.rooms.size > 1) refuseKeys(changed);
    hidden.push(options.hide(next));
    // A place holds two rooms at most, so whoever came before them can tell nothing any more.
    for (const forget of hidden.splice(0, hidden.length - 3)) forget();
    await options.places.replace('auth', { ...settings, auth: next });
    present = next;
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

// Tokens that auth signs have to be understood by services that learn of keys at their start alone.
function refuseKeys(changed: readonly string[]): void {
  const keys = changed.filter((name) => name === 'JWT_SECRET' || name === 'JWT_KEYS');
  if (keys.length > 0)
    throw new StartupError(
      `${keys.join(' and ')} cannot change for auth alone: the other services check the same tokens; set it in .env and restart`,
      keys[0],
    );
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
