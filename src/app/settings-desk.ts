import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseEnvFile, type SourceProblem } from '#kernel/config';
import { StartupError } from '#kernel/errors';
import { authSettings, liveSettings } from '#services/auth';
import type { RoomSetting, SettingProblem, SettingsDesk } from '#services/studio';
import { renderEnvFile, writeWhole } from './env-writer.ts';
import type { LoadedSettings } from './load-settings.ts';
import { effectOf } from './reload/change-plan.ts';
import type { SettingsReload } from './reload/settings-reload.ts';
import { settingsFolder } from './settings-folders.ts';
import { shownSetting } from './shown-setting.ts';

/** The file in the folder of settings that the dashboard and `config import` write. */
const fileName = 'dashboard.env';
const comment = 'Written by the dashboard, which keeps its history. Files of later names are stronger.';

type Values = ReadonlyMap<string, string>;

/** Says which settings are wrong and why. */
export class RefusedSettings extends Error {
  override readonly name = 'RefusedSettings';
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[], cause?: unknown) {
    super(problems.map(({ name, message }) => `${name} ${message}`).join('\n'), { cause });
    this.problems = problems;
  }
}

/** Looks whether a change can be made. */
export interface SettingsCheck {
  /** @throws RefusedSettings */
  check(decide: (present: Values) => Values): void;
}

/**
 * What changes settings of every room: a file of their folder.
 *
 * @param settings those of the start
 * @param reload makes what stands in the file count; undefined: the program does not run
 */
export function createSettingsDesk(
  settings: LoadedSettings,
  reload: Pick<SettingsReload, 'apply' | 'inForce'> | undefined,
): SettingsDesk & SettingsCheck {
  const { path: folder } = settingsFolder({ ...settings.sources, overrides: [] }, settings.cwd);
  const file = join(folder, fileName);
  let line: Promise<unknown> = Promise.resolve();

  function present(): Values {
    if (!existsSync(file)) return new Map();
    const { entries } = parseEnvFile(file, readFileSync(file, 'utf8'), () => undefined);
    return new Map([...entries].map(([name, { value }]) => [name, value]));
  }

  async function put(before: Values, next: Values): Promise<void> {
    const text = renderEnvFile(comment, next);
    const existed = existsSync(file);
    const former = existed ? readFileSync(file, 'utf8') : '';
    refuseKept(before, next);
    tryOut(text, next);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeWhole(file, text);
    try {
      await reload?.apply();
    } catch (error) {
      if (existed) writeWhole(file, former);
      else rmSync(file, { force: true });
      throw startRefusal(error, next);
    }
  }

  function refuseKept(before: Values, next: Values): void {
    const changes = new Set([...next].flatMap(([name, text]) => (before.get(name) === text ? [] : [name])));
    const kept = settings.effective.filter(({ room, setting }) => isKept(room, setting) && changes.has(setting.name));
    if (kept.length > 0)
      throw new RefusedSettings(kept.map(({ setting: { name } }) => ({ name, message: 'belongs in .env' })));
  }

  const isKept = (room: string, setting: Parameters<typeof effectOf>[1]): boolean =>
    effectOf(room, setting, settings.sources.alone) === 'file';

  function tryOut(text: string, next: Values): void {
    const candidate = settings.current({ name: fileName, text });
    const wrong = candidate.problems.map(shownProblem);
    if (wrong.length > 0) throw new RefusedSettings(wrong);
    for (const { setting, origin } of candidate.effective)
      if (next.has(setting.name) && !origin.startsWith(`${file}:`))
        throw new RefusedSettings([
          { name: setting.name, message: `is set in ${origin}, which is stronger; change it there` },
        ]);
  }

  // Whoever typed a value sees no file.
  const shownProblem = ({ line: place, message }: SourceProblem): SettingProblem => ({
    name: place.startsWith(`${file}:`) ? place.slice(place.indexOf(' ', file.length) + 1) : place,
    message,
  });

  return {
    authGroups: (settings.rooms.has('auth') ? liveSettings : []).map(({ key, title, about, sections }) => ({
      key,
      title,
      about,
      sections: sections.map((section) => ({
        title: section.title,
        names: section.keys.map((each) => authSettings[each].name),
      })),
    })),
    check(decide) {
      const [before, next] = [present(), decide(present())];
      refuseKept(before, next);
      tryOut(renderEnvFile(comment, next), next);
    },
    read: () => readAll(settings, reload?.inForce() ?? settings, file),
    update(decide) {
      const done = line.then(async () => {
        const before = present();
        const after = decide(before);
        await put(before, after);
        return { before, after };
      });
      line = done.catch(() => {});
      return done;
    },
  };
}

/** Every setting as it stands in the files, and how that compares to what is in force. */
function readAll(settings: LoadedSettings, inForce: LoadedSettings, file: string): readonly RoomSetting[] {
  const running = (room: string) => room === 'stack' || settings.rooms.has(room as never);
  return settings.current().effective.map(({ room, ...entry }) => {
    const values = inForce[room as keyof LoadedSettings] as Readonly<Record<string, unknown>>;
    return {
      ...shownSetting(entry),
      room,
      changedHere: entry.origin.startsWith(`${file}:`),
      counts: effectOf(room, entry.setting, settings.sources.alone),
      waits: running(room) && !isDeepStrictEqual(values[entry.key], entry.value),
    };
  });
}

// A room that does not start says which setting is to blame, where it knows.
function startRefusal(error: unknown, next: Values): Error {
  if (!(error instanceof StartupError) || error.setting === undefined || !next.has(error.setting))
    return error as Error;
  return new RefusedSettings(
    [{ name: error.setting, message: error.message.replace(` (change ${error.setting})`, '') }],
    error,
  );
}
