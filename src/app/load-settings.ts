import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type EffectiveSetting,
  type EnvFile,
  type Resolution,
  readEnvFile,
  resolveSettings,
  type SettingsOf,
  type SettingsSchema,
  type SourceProblem,
  type Sources,
  unknownOwnKeys,
} from '#kernel/config';
import { StartupError } from '#kernel/errors';
import { type AnalyticsSettings, analyticsSettings } from '#services/analytics';
import { type AuthSettings, authSettings } from '#services/auth';
import { type DbSettings, dbSettings } from '#services/db';
import { type FunctionsSettings, functionsSettings } from '#services/functions';
import { type GatewaySettings, gatewaySettings } from '#services/gateway';
import { type ImgproxySettings, imgproxySettings, originalImgproxyDefaults } from '#services/imgproxy';
import { type MetaSettings, metaSettings } from '#services/meta';
import { type PoolerSettings, poolerSettings } from '#services/pooler';
import { type RealtimeSettings, realtimeSettings } from '#services/realtime';
import { type RestSettings, restSettings } from '#services/rest';
import { type StorageSettings, storageSettings } from '#services/storage';
import { type StudioSettings, studioSettings } from '#services/studio';
import { type VectorSettings, vectorSettings } from '#services/vector';
import { replaceDefaults } from './original-defaults.ts';
import { allSchemas } from './registry.ts';
import type { CandidateFile } from './reload/config-folder.ts';
import { currentRestSettings, readRestConfig, withOriginalDefaults } from './rest-settings.ts';
import { type RoomName, roomNames, type StackSettings, stackSettings } from './settings.ts';
import { keysOfAuthAlone, readOverrides } from './settings-folders.ts';

/** Where to look for settings. */
export interface SettingsInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working directory: relative paths and `.env` count from here. */
  readonly cwd: string;
  /** `--env-file` arguments; they replace `.env`. */
  readonly envFiles: readonly string[];
  /** `--rest-config` argument: a configuration file of PostgREST's own format. */
  readonly restConfig?: string;
}

/** Every room's parsed settings, and how they came to be. */
export interface LoadedSettings {
  readonly cwd: string;
  /** Environment, env files and files of the folder of settings. */
  readonly sources: Sources;
  /**
   * All of it as the folders of settings (with a candidate in that of every room) and files of secrets say now; environment and
   * env files are those of the start, so that a half-done change of secrets does not reach one room alone. They may be
   * unusable, see `assertUsable`.
   */
  readonly current: (candidate?: CandidateFile) => LoadedSettings;
  /** The file that generated values are appended to. */
  readonly writableFile: string;
  readonly rooms: ReadonlySet<RoomName>;
  readonly stack: StackSettings;
  readonly db: DbSettings;
  readonly pooler: PoolerSettings;
  readonly auth: AuthSettings;
  readonly rest: RestSettings;
  /** Those of rest as its configuration file and files of secrets say now. @throws StartupError when they are unusable */
  readonly currentRest: () => RestSettings;
  readonly realtime: RealtimeSettings;
  readonly storage: StorageSettings;
  readonly imgproxy: ImgproxySettings;
  readonly functions: FunctionsSettings;
  readonly meta: MetaSettings;
  readonly studio: StudioSettings;
  readonly analytics: AnalyticsSettings;
  readonly vector: VectorSettings;
  readonly gateway: GatewaySettings;
  readonly effective: readonly (EffectiveSetting & { readonly room: string })[];
  readonly problems: readonly SourceProblem[];
  readonly warnings: readonly string[];
}

/** Reads the env files. @throws StartupError when a named one cannot be read */
export function readSources(input: SettingsInput): { files: EnvFile[]; writableFile: string } {
  const named = input.envFiles.map((file) => resolve(input.cwd, file));
  const paths = named.length > 0 ? named : [resolve(input.cwd, '.env')];
  const files: EnvFile[] = [];
  for (const path of paths) {
    if (named.length === 0 && !existsSync(path)) continue;
    try {
      files.push(readEnvFile(path, (name) => input.env[name]));
    } catch (error) {
      throw new StartupError(`cannot read ${path}: ${(error as Error).message}`, '--env-file', error);
    }
  }
  return { files, writableFile: paths.at(-1) as string };
}

/**
 * Resolves the settings of all rooms. Problems are collected, so that an operator can mend them all at once; see
 * `assertUsable`.
 */
export function loadSettings(input: SettingsInput): LoadedSettings {
  const { files: envFiles, writableFile } = readSources(input);
  const restConfig = input.restConfig === undefined ? undefined : resolve(input.cwd, input.restConfig);
  const files = restConfig === undefined ? envFiles : [readRestConfig(restConfig, input.env), ...envFiles];
  return resolveAll({ env: input.env, cwd: input.cwd, files, envFiles, restConfig, writableFile });
}

/** What was read at the start. */
interface StartSources {
  readonly env: SettingsInput['env'];
  readonly cwd: string;
  readonly files: readonly EnvFile[];
  /** Without the configuration file of rest, which is read anew with it. */
  readonly envFiles: readonly EnvFile[];
  /** Absolute. */
  readonly restConfig: string | undefined;
  readonly writableFile: string;
}

/** @param address what the stack is reached at, where that is known already: it does not move while the program runs */
function resolveAll(start: StartSources, candidate?: CandidateFile, address?: string): LoadedSettings {
  const { env, cwd, files, envFiles, restConfig } = start;
  const problems: SourceProblem[] = [];
  const overrides = readOverrides({ env, files, alone: false }, cwd, problems, candidate);
  const first = resolveSettings(stackSettings, { env, files, overrides: overrides.all, alone: false });
  problems.push(...first.problems);
  const rooms = chosenRooms(first.values, problems);
  const sources: Sources = { env, files, overrides: overrides.all, alone: rooms.size === 1 };
  const warnings = new Set(first.warnings);
  const effective: (EffectiveSetting & { room: string })[] = first.effective.map((entry) => ({
    ...entry,
    room: 'stack',
  }));

  function resolveRoom<S extends SettingsSchema>(
    room: string,
    schema: S,
    adapt = (found: Resolution<S>): Resolution<S> => found,
    own = overrides.all,
  ): SettingsOf<S> {
    const resolution = adapt(resolveSettings(schema, { ...sources, overrides: own }));
    for (const problem of resolution.problems)
      if (!problems.some((known) => known.line === problem.line)) problems.push(problem);
    for (const warning of resolution.warnings) warnings.add(warning);
    effective.push(...resolution.effective.map((entry) => ({ ...entry, room })));
    return resolution.values;
  }

  problems.push(...keysOfAuthAlone(sources, overrides));
  const restAlone = rooms.size === 1 && rooms.has('rest');
  const imgproxyAlone = rooms.size === 1 && rooms.has('imgproxy');
  const resolved = {
    db: resolveRoom('db', dbSettings),
    pooler: resolveRoom('pooler', poolerSettings),
    auth: resolveRoom('auth', authSettings, undefined, overrides.auth),
    rest: resolveRoom('rest', restSettings, restAlone ? withOriginalDefaults : undefined),
    realtime: resolveRoom('realtime', realtimeSettings),
    storage: resolveRoom('storage', storageSettings),
    imgproxy: resolveRoom('imgproxy', imgproxySettings, imgproxyAlone ? imgproxyInItsPlace : undefined),
    functions: resolveRoom('functions', functionsSettings),
    meta: resolveRoom('meta', metaSettings),
    studio: resolveRoom('studio', studioSettings),
    analytics: resolveRoom('analytics', analyticsSettings),
    vector: resolveRoom('vector', vectorSettings),
    gateway: resolveRoom('gateway', gatewaySettings, imgproxyAlone ? gatewayInItsPlace : undefined),
  };
  const external = address ?? first.values.publicUrl ?? `http://localhost:${resolved.gateway.httpPort}`;
  const loaded = {
    ...resolved,
    auth: withExternalUrl(resolved.auth, external, effective),
  };
  problems.push(
    ...unknownOwnKeys(
      allSchemas.map(({ schema }) => schema),
      { ...sources, overrides: overrides.auth },
    ),
  );
  for (const prefix of ['GOTRUE_', 'PGRST_', 'IMGPROXY_'])
    for (const warning of unknownOriginals(prefix, { ...sources, files: [...files, ...overrides.auth] }))
      warnings.add(warning);
  for (const file of [...files, ...overrides.auth])
    for (const line of file.malformed) warnings.add(`${file.path}:${line} is no assignment and is ignored`);
  return {
    cwd,
    sources,
    current: (file) => resolveAll(start, file, external),
    writableFile: start.writableFile,
    rooms,
    stack: first.values,
    ...loaded,
    currentRest() {
      const { all } = readOverrides({ env, files, alone: false }, cwd, []);
      return currentRestSettings({ ...sources, overrides: all, files: envFiles, restConfig, restAlone });
    },
    effective,
    problems,
    warnings: [...warnings],
  };
}

/** Stands in every compose file, and has had no meaning since PostgREST 11. */
const outlived = 'PGRST_DB_USE_LEGACY_GUCS';

// A misspelt setting of an original service would be passed over without a word, and its default be in force.
function unknownOriginals(prefix: string, { env, files }: Sources): string[] {
  const known = new Set([outlived]);
  const families: string[] = [];
  for (const { schema } of allSchemas)
    for (const { name, original = [], alone = [], aliases = [], prefix: family } of Object.values(schema)) {
      if (family !== undefined) families.push(family);
      for (const each of [name, ...original, ...alone, ...aliases]) known.add(each).add(`${each}_FILE`);
    }
  const isUnknown = (name: string): boolean =>
    name.startsWith(prefix) && !known.has(name) && !families.some((family) => name.startsWith(family));
  return [
    ...Object.keys(env)
      .filter(isUnknown)
      .map((name) => `environment ${name}`),
    ...files.flatMap(({ path, entries }) =>
      [...entries].filter(([name]) => isUnknown(name)).map(([name, { line }]) => `${path}:${line} ${name}`),
    ),
  ].map((place) => `${place} is no setting that is known here and has no effect`);
}

// Links in mails have to lead here, whichever port or public address this stack has.
function withExternalUrl(
  auth: AuthSettings,
  url: string,
  effective: (EffectiveSetting & { room: string })[],
): AuthSettings {
  const index = effective.findIndex(({ setting }) => setting === authSettings.externalUrl);
  const entry = effective[index];
  if (entry?.origin !== 'default') return auth;
  effective[index] = { ...entry, value: url, origin: 'the address of the gateway' };
  return { ...auth, externalUrl: url };
}

// What was left out means there what it means to imgproxy.
const imgproxyInItsPlace = (found: Resolution<typeof imgproxySettings>) =>
  replaceDefaults(found, originalImgproxyDefaults);
const gatewayInItsPlace = (found: Resolution<typeof gatewaySettings>) =>
  replaceDefaults(found, { directImgproxyPort: 8080 });

/** @throws StartupError with every problem on a line of its own */
export function assertUsable(settings: LoadedSettings): void {
  if (settings.problems.length === 0) return;
  throw new StartupError(settings.problems.map(({ line, message }) => `${line} ${message}`).join('\n'));
}

/** Rooms that have nothing to do where no logs are collected. */
const logRooms: readonly RoomName[] = ['analytics', 'vector'];

function chosenRooms({ services, logsEnabled }: StackSettings, problems: SourceProblem[]): ReadonlySet<RoomName> {
  if (services.includes('all')) return new Set(roomNames.filter((name) => logsEnabled || !logRooms.includes(name)));
  const chosen = new Set<RoomName>();
  for (const name of services) {
    if ((roomNames as readonly string[]).includes(name)) chosen.add(name as RoomName);
    else problems.push({ line: 'SERVICES', message: `names ${name}; there are ${roomNames.join(', ')}` });
  }
  return chosen;
}

/** The value of a name as the operator gave it, whichever source it stands in. */
export function givenValue(sources: Sources, name: string): string | undefined {
  const fromEnv = sources.env[name];
  if (fromEnv) return fromEnv;
  for (const file of [...sources.files].reverse()) {
    const value = file.entries.get(name)?.value;
    if (value) return value;
  }
  return undefined;
}
