import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
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
  problems.push(...own);
  if (problems.length > 0) throw new StartupError(problems.map(({ line, message }) => `${line} ${message}`).join('\n'));
  return { settings: { ...values, externalUrl: values.externalUrl ?? externalUrl }, effective };
}
