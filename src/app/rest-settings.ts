import { readFileSync } from 'node:fs';
import { type EnvFile, type Resolution, resolveSettings, type Sources } from '#kernel/config';
import { StartupError } from '#kernel/errors';
import { originalRestDefaults, parseConfigFile, type RestSettings, restSettings } from '#services/rest';
import { replaceDefaults } from './original-defaults.ts';

type RestResolution = Resolution<typeof restSettings>;

/** Where the settings of rest come from. */
export interface RestSources extends Sources {
  /** Absolute path of a configuration file of PostgREST's own format; weaker than everything else. */
  readonly restConfig: string | undefined;
  /** Rest runs without other rooms. */
  readonly restAlone: boolean;
}

/** Reads a configuration file of PostgREST's own format. @throws StartupError naming the place */
export function readRestConfig(path: string, env: Sources['env']): EnvFile {
  try {
    return parseConfigFile(path, readFileSync(path, 'utf8'), (name) => env[name]);
  } catch (error) {
    throw new StartupError(`cannot read ${path}: ${(error as Error).message}`, '--rest-config', error);
  }
}

/** The settings of rest as all files say now. @throws StartupError with every problem on a line of its own */
export function currentRestSettings({ restConfig, restAlone, ...sources }: RestSources): RestSettings {
  const files = restConfig === undefined ? sources.files : [readRestConfig(restConfig, sources.env), ...sources.files];
  const resolution = resolveSettings(restSettings, { ...sources, files });
  if (resolution.problems.length > 0)
    throw new StartupError(resolution.problems.map(({ line, message }) => `${line} ${message}`).join('\n'));
  return (restAlone ? withOriginalDefaults(resolution) : resolution).values;
}

/** In the place of PostgREST, which is where `PGRST_DB_URI` is given, what was left out means what it means there. */
export function withOriginalDefaults(resolution: RestResolution): RestResolution {
  if (resolution.values.dbUri === undefined) return resolution;
  return replaceDefaults(resolution, originalRestDefaults);
}
