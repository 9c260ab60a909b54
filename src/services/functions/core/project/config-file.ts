import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import type { FunctionOptions } from './definition.ts';

/** What a project's `config.toml` says about functions. */
export interface ProjectConfig {
  readonly functions: ReadonlyMap<string, FunctionOptions>;
  /** `[edge_runtime.secrets]`: variables of all functions. */
  readonly secrets: Readonly<Record<string, string>>;
  /** `[functions.NAME.triggers.TRIGGER]`, by trigger; not yet understood. */
  readonly triggers: ReadonlyMap<string, unknown>;
}

/** A configuration that says nothing. */
export const emptyConfig: ProjectConfig = { functions: new Map(), secrets: {}, triggers: new Map() };

/** Where the paths of a configuration lead, and what `env(NAME)` in it means. */
export interface ConfigPlace {
  /** Path of the file. */
  readonly path: string;
  /** Folder of the functions; `./functions/…` in the file means it. */
  readonly folder: string;
  readonly env: (name: string) => string | undefined;
}

/** Reads `config.toml`; one that is not there says nothing. @throws Error when it cannot be understood */
export async function readConfigFile(place: ConfigPlace): Promise<ProjectConfig> {
  if (!existsSync(place.path)) return emptyConfig;
  return parseConfig(readFileSync(place.path, 'utf8'), place);
}

/** Understands the text of a `config.toml`. @throws Error naming what is wrong */
export async function parseConfig(text: string, place: ConfigPlace): Promise<ProjectConfig> {
  const { parse } = await import('smol-toml');
  const document: unknown = parse(text);
  const functions = new Map<string, FunctionOptions>();
  const triggers = new Map<string, unknown>();
  for (const [name, entry] of Object.entries(tableOf(document, 'functions')))
    if (isTable(entry)) {
      functions.set(name, optionsOf(entry, place));
      for (const [trigger, value] of Object.entries(tableOf(entry, 'triggers')))
        triggers.set(trigger, isTable(value) ? { function: name, ...value } : value);
    }
  const secrets = tableOf(tableOf(document, 'edge_runtime'), 'secrets');
  return { functions, secrets: textsOf(secrets, place), triggers };
}

function optionsOf(entry: Readonly<Record<string, unknown>>, place: ConfigPlace): FunctionOptions {
  const { enabled, verify_jwt: verifyJwt, entrypoint, import_map: importMap, static_files: staticFiles } = entry;
  const path = (given: string) => pathOf(given, place);
  return {
    ...(typeof enabled === 'boolean' && { enabled }),
    ...(typeof verifyJwt === 'boolean' && { verifyJwt }),
    ...(typeof entrypoint === 'string' && entrypoint !== '' && { entrypoint: path(entrypoint) }),
    ...(typeof importMap === 'string' && importMap !== '' && { importMap: path(importMap) }),
    ...(Array.isArray(staticFiles) && {
      staticFiles: staticFiles.filter((each) => typeof each === 'string').map(path),
    }),
    ...(isTable(entry.env) && { env: textsOf(entry.env, place) }),
  };
}

// The CLI's layout has functions beside the file; here they may be elsewhere.
function pathOf(given: string, { path, folder }: ConfigPlace): string {
  const normal = normalize(given);
  return normal.startsWith('functions/')
    ? join(folder, normal.slice('functions/'.length))
    : resolve(dirname(path), normal);
}

function textsOf(table: Readonly<Record<string, unknown>>, { env }: ConfigPlace): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(table)) {
    if (!['string', 'number', 'boolean', 'bigint'].includes(typeof value)) continue;
    const reference = /^env\((\w+)\)$/.exec(String(value))?.[1];
    const text = reference === undefined ? String(value) : env(reference);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

function tableOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const found = isTable(value) ? value[name] : undefined;
  return isTable(found) ? found : {};
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
