import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type EffectiveSetting, type EnvFile, resolveSettings, type SourceProblem, type Sources } from '#kernel/config';
import { StartupError } from '#kernel/errors';
import { type AuthSettings, authSettings } from '#services/auth';
import { type CandidateFile, readConfigFolder } from './reload/config-folder.ts';
import { stackSettings } from './settings.ts';

const setting = 'STACK_AUTH_CONFIG_DIR';

/** The folder of auth's settings that may change. */
export interface AuthConfigFolder {
  /** Absolute. */
  readonly path: string;
  /** False: nobody named one; it counts where it exists. */
  readonly named: boolean;
}

/** Which folder that is: the one that is named, or `auth` in the data folder. */
export function authConfigFolder(sources: Sources, cwd: string): AuthConfigFolder {
  const { configDir } = resolveSettings({ configDir: authSettings.configDir }, sources).values;
  if (configDir !== undefined) return { path: resolve(cwd, configDir), named: true };
  const { volumesDir } = resolveSettings({ volumesDir: stackSettings.volumesDir }, sources).values;
  return { path: resolve(cwd, volumesDir, 'auth'), named: false };
}

/**
 * The files of that folder.
 *
 * @param problems gets the reason why they cannot be read
 * @param candidate is read in place of the file of that name
 */
export function folderOverrides(
  sources: Sources,
  cwd: string,
  problems: SourceProblem[],
  candidate?: CandidateFile,
): EnvFile[] {
  const { path, named } = authConfigFolder(sources, cwd);
  if (!named && !existsSync(path)) return [];
  try {
    return readConfigFolder(path, sources.env, candidate);
  } catch (error) {
    problems.push({ line: setting, message: `cannot be read: ${(error as Error).message}` });
    return [];
  }
}

/** The settings of auth, and how each came to be. */
export interface CurrentAuth {
  readonly settings: AuthSettings;
  readonly effective: readonly EffectiveSetting[];
}

/**
 * The settings of auth as its folder says now; environment and env files are those of the start.
 *
 * @param externalUrl what counts where no address is given
 * @param candidate is read in place of the file of that name in the folder
 * @throws StartupError with every problem
 */
export function currentAuthSettings(
  sources: Sources,
  cwd: string,
  externalUrl: string,
  candidate?: CandidateFile,
): CurrentAuth {
  const problems: SourceProblem[] = [];
  const overrides = folderOverrides(sources, cwd, problems, candidate);
  const { values, effective, problems: own } = resolveSettings(authSettings, { ...sources, overrides });
  problems.push(...own, ...keysOfAuthAlone(sources, overrides));
  if (problems.length > 0) throw new StartupError(problems.map(({ line, message }) => `${line} ${message}`).join('\n'));
  return { settings: { ...values, externalUrl: values.externalUrl ?? externalUrl }, effective };
}

/**
 * Keys of tokens that a folder gives auth and nobody else. The other services check the tokens that auth signs, and know
 * nothing of the folder; where auth runs alone, they are whose settings say so.
 */
export function keysOfAuthAlone(sources: Sources, overrides: readonly EnvFile[]): SourceProblem[] {
  if (sources.alone || overrides.length === 0) return [];
  const { jwtSecret, jwtKeys } = authSettings;
  const keys = { jwtSecret, jwtKeys };
  const shared = resolveSettings(keys, sources).values;
  const own = resolveSettings(keys, { ...sources, overrides }).values;
  return (['jwtSecret', 'jwtKeys'] as const)
    .filter((key) => !isDeepStrictEqual(shared[key], own[key]))
    .map((key) => ({
      line: keys[key].name,
      message: `cannot be given to auth alone by ${setting}: the other services check the same tokens; set it in .env and restart`,
    }));
}
