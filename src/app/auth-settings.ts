import { resolve } from 'node:path';
import { type EnvFile, resolveSettings, type SourceProblem, type Sources } from '#kernel/config';
import { StartupError } from '#kernel/errors';
import { type AuthSettings, authSettings } from '#services/auth';
import { readConfigFolder } from './reload/config-folder.ts';

const setting = 'STACK_AUTH_CONFIG_DIR';

/** Absolute path of the folder of auth's settings that may change, if there is one. */
export function authConfigFolder(sources: Sources, cwd: string): string | undefined {
  const { configDir } = resolveSettings({ configDir: authSettings.configDir }, sources).values;
  return configDir === undefined ? undefined : resolve(cwd, configDir);
}

/** The files of that folder. @param problems gets the reason why they cannot be read */
export function folderOverrides(sources: Sources, cwd: string, problems: SourceProblem[]): EnvFile[] {
  const folder = authConfigFolder(sources, cwd);
  if (folder === undefined) return [];
  try {
    return readConfigFolder(folder, sources.env);
  } catch (error) {
    problems.push({ line: setting, message: `cannot be read: ${(error as Error).message}` });
    return [];
  }
}

/**
 * The settings of auth as its folder says now; environment and env files are those of the start.
 *
 * @param externalUrl what counts where no address is given
 * @throws StartupError with every problem
 */
export function currentAuthSettings(sources: Sources, cwd: string, externalUrl: string): AuthSettings {
  const problems: SourceProblem[] = [];
  const overrides = folderOverrides(sources, cwd, problems);
  const resolution = resolveSettings(authSettings, { ...sources, overrides });
  problems.push(...resolution.problems);
  if (problems.length > 0) throw new StartupError(problems.map(({ line, message }) => `${line} ${message}`).join('\n'));
  return { ...resolution.values, externalUrl: resolution.values.externalUrl ?? externalUrl };
}
