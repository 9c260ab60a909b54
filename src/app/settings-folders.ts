import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type EnvFile, resolveSettings, type SourceProblem, type Sources } from '#kernel/config';
import { authSettings } from '#services/auth';
import { type CandidateFile, readConfigFolder } from './reload/config-folder.ts';
import { stackSettings } from './settings.ts';

/** A folder of settings that may change while the program runs. */
export interface SettingsFolder {
  /** Absolute. */
  readonly path: string;
  /** False: nobody named one; it counts where it exists. */
  readonly named: boolean;
}

/** The folder of settings of every room: the one that is named, or `settings` in the data folder. */
export function settingsFolder(sources: Sources, cwd: string): SettingsFolder {
  const { configDir, volumesDir } = stackSettings;
  const { values } = resolveSettings({ configDir, volumesDir }, sources);
  if (values.configDir !== undefined) return { path: resolve(cwd, values.configDir), named: true };
  return { path: resolve(cwd, values.volumesDir, 'settings'), named: false };
}

/** The folder of settings of auth alone, as the original has one; undefined: nobody named one. */
export function authFolder(sources: Sources, cwd: string): SettingsFolder | undefined {
  const { configDir } = resolveSettings({ configDir: authSettings.configDir }, sources).values;
  return configDir === undefined ? undefined : { path: resolve(cwd, configDir), named: true };
}

/** The files of settings that are stronger than the environment. */
export interface Overrides {
  readonly all: readonly EnvFile[];
  /** Those that count for auth: all, and those of its own folder. Of several files the later name is the stronger one. */
  readonly auth: readonly EnvFile[];
}

/** Names that say where the folder is in which they would stand. */
const leading = [stackSettings.volumesDir.name, stackSettings.configDir.name];

/**
 * Reads the folders.
 *
 * @param sources environment and env files
 * @param problems gets what is wrong with them
 * @param candidate is read in place of the file of that name in the folder of every room
 */
export function readOverrides(
  sources: Sources,
  cwd: string,
  problems: SourceProblem[],
  candidate?: CandidateFile,
): Overrides {
  const read = ({ path, named }: SettingsFolder, setting: string, file?: CandidateFile): readonly EnvFile[] => {
    if (!named && !file && !existsSync(path)) return [];
    try {
      return readConfigFolder(path, sources.env, file);
    } catch (error) {
      problems.push({ line: setting, message: `cannot be read: ${(error as Error).message}` });
      return [];
    }
  };
  const folder = settingsFolder(sources, cwd);
  const all = read(folder, stackSettings.configDir.name, candidate);
  for (const { path, entries } of all)
    for (const name of leading)
      if (entries.has(name))
        problems.push({
          line: `${path}:${entries.get(name)?.line} ${name}`,
          message: 'says where this folder is; set it in .env',
        });
  const own = authFolder({ ...sources, overrides: all }, cwd);
  if (!own || own.path === folder.path) return { all, auth: all };
  const auth = [...all, ...read(own, authSettings.configDir.name)];
  return { all, auth: auth.sort((a, b) => compare(basename(a.path), basename(b.path))) };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Keys of tokens that a folder gives auth and nobody else. The other services check the tokens that auth signs, and know
 * nothing of that folder; where auth runs alone, they are whose settings say so.
 */
export function keysOfAuthAlone(sources: Sources, { all, auth }: Overrides): SourceProblem[] {
  if (sources.alone || auth === all) return [];
  const { jwtSecret, jwtKeys } = authSettings;
  const keys = { jwtSecret, jwtKeys };
  const shared = resolveSettings(keys, { ...sources, overrides: all }).values;
  const own = resolveSettings(keys, { ...sources, overrides: auth }).values;
  return (['jwtSecret', 'jwtKeys'] as const)
    .filter((key) => !isDeepStrictEqual(shared[key], own[key]))
    .map((key) => ({
      line: keys[key].name,
      message: `cannot be given to auth alone by ${authSettings.configDir.name}: the other services check the same tokens; set it in .env and restart`,
    }));
}
