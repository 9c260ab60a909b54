import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvFile } from '#kernel/config';
import { authSettings, liveSettings } from '#services/auth';
import type { LiveSettings } from '#services/studio';
import { authConfigFolder } from './auth-settings.ts';
import { renderEnvFile, writeWhole } from './env-writer.ts';
import type { LoadedSettings } from './load-settings.ts';
import type { AuthReload } from './reload/auth-reload.ts';
import { shownSetting } from './shown-setting.ts';

/** The file in the folder of auth's settings that the dashboard writes. */
const fileName = 'dashboard.env';
const comment = 'Written by the dashboard, which keeps its history. Files of later names are stronger.';

type Key = keyof typeof authSettings;

/** What the dashboard changes auth's settings with: a file of their folder, which counts at once. */
export function createAuthDesk(settings: LoadedSettings, reload: AuthReload): LiveSettings {
  const { path: folder } = authConfigFolder(settings.sources, settings.cwd);
  const file = join(folder, fileName);
  let line: Promise<unknown> = Promise.resolve();

  function present(): ReadonlyMap<string, string> {
    if (!existsSync(file)) return new Map();
    const { entries } = parseEnvFile(file, readFileSync(file, 'utf8'), () => undefined);
    return new Map([...entries].map(([name, { value }]) => [name, value]));
  }

  async function put(next: ReadonlyMap<string, string>): Promise<void> {
    const text = renderEnvFile(comment, next);
    const existed = existsSync(file);
    const before = existed ? readFileSync(file, 'utf8') : '';
    mkdirSync(folder, { recursive: true });
    tryOut(text, next);
    writeWhole(file, text);
    try {
      await reload.apply();
    } catch (error) {
      if (existed) writeWhole(file, before);
      else rmSync(file, { force: true });
      throw error;
    }
  }

  function tryOut(text: string, next: ReadonlyMap<string, string>): void {
    let effective: ReturnType<LoadedSettings['currentAuth']>['effective'];
    try {
      effective = settings.currentAuth({ name: fileName, text }).effective;
    } catch (error) {
      // Whoever typed a value sees no file.
      throw new Error((error as Error).message.replaceAll(/^.*?dashboard\.env:\d+ /gm, ''));
    }
    for (const { setting, origin } of effective)
      if (next.has(setting.name) && !origin.startsWith(`${file}:`))
        throw new Error(`${setting.name} is set in ${origin}, which is stronger; change it there`);
  }

  return {
    groups: liveSettings.map(({ key, title, about, sections }) => ({
      key,
      title,
      about,
      sections: sections.map((section) => ({ title: section.title, names: section.keys.map(nameOf) })),
    })),
    read() {
      const overrides = present();
      const effective = new Map(settings.currentAuth().effective.map((entry) => [entry.key as Key, entry]));
      return liveSettings.flatMap(({ sections }) =>
        sections.flatMap(({ keys }) =>
          keys.flatMap((key) => {
            const found = effective.get(key as Key);
            return found ? [{ ...shownSetting(found), changedHere: overrides.has(found.setting.name) }] : [];
          }),
        ),
      );
    },
    update(decide) {
      const done = line.then(async () => {
        const before = present();
        const after = decide(before);
        await put(after);
        return { before, after };
      });
      line = done.catch(() => {});
      return done;
    },
  };
}

const nameOf = (key: Key): string => authSettings[key].name;
