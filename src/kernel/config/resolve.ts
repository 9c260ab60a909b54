import { readFileSync } from 'node:fs';
import type { EnvFile } from './env-file.ts';
import type { EffectiveSetting, Setting, SettingsOf, SettingsSchema } from './setting.ts';

/** Where settings come from. Of several files the later one wins. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: readonly EnvFile[];
  /** Files that are stronger than the environment; of several the later one wins. */
  readonly overrides?: readonly EnvFile[];
  /** True when this process runs one room only, so that unprefixed originals count. */
  readonly alone: boolean;
}

/** A value that cannot be used; `line` is what to change, e.g. `.env:12 JWT_EXPIRY`. */
export interface SourceProblem {
  readonly line: string;
  readonly message: string;
}

/** A schema's values with everything worth saying about how they came to be. */
export interface Resolution<S extends SettingsSchema> {
  readonly values: SettingsOf<S>;
  readonly effective: readonly EffectiveSetting[];
  readonly problems: readonly SourceProblem[];
  readonly warnings: readonly string[];
}

interface Found {
  readonly text: string;
  readonly place: string;
}

/** Prefixes of names that nobody but this product uses: an unknown one is a typing mistake, not somebody else's. */
const ownPrefixes = ['STACK_', 'GATEWAY_'];

/**
 * Finds the value of every setting of a schema. Precedence: overrides, whichever name they use; then original name in the
 * environment, the same in the files, standard name in the environment, the same in the files, alias, default. An empty value is unset. `NAME_FILE` names a
 * file that holds the value. Problems are collected, not thrown, so that an operator sees them all at once.
 */
export function resolveSettings<S extends SettingsSchema>(schema: S, sources: Sources): Resolution<S> {
  const values: Record<string, unknown> = {};
  const effective: EffectiveSetting[] = [];
  const problems: SourceProblem[] = [];
  const warnings: string[] = [];
  for (const [key, setting] of Object.entries(schema)) {
    if (setting.prefix !== undefined) {
      const { family, origin } = findFamily(setting.prefix, sources);
      values[key] = family;
      effective.push({ key, setting, value: family, origin });
      continue;
    }
    const found = findValue(setting, sources, warnings, problems);
    let value = setting.default;
    if (found !== undefined) {
      try {
        value = setting.parse(found.text);
      } catch (error) {
        problems.push({ line: found.place, message: (error as Error).message });
      }
    }
    values[key] = value;
    effective.push({ key, setting, value, origin: found?.place ?? 'default' });
  }
  return { values: Object.freeze(values) as SettingsOf<S>, effective, problems, warnings };
}

function findValue(
  setting: Setting<unknown>,
  sources: Sources,
  warnings: string[],
  problems: SourceProblem[],
): Found | undefined {
  const { overrides = [], ...others } = sources;
  const stronger =
    overrides.length > 0 && findIn(setting, { ...others, env: {}, files: overrides }, warnings, problems);
  return stronger || findIn(setting, others, warnings, problems);
}

function findIn(
  setting: Setting<unknown>,
  sources: Sources,
  warnings: string[],
  problems: SourceProblem[],
): Found | undefined {
  const originals = [...(setting.original ?? []), ...(sources.alone ? (setting.alone ?? []) : [])];
  const emptyCounts = setting.emptyCounts ?? false;
  for (const name of [...originals, setting.name]) {
    const found = lookUp(name, sources, problems, emptyCounts);
    if (found) return found;
  }
  for (const alias of setting.aliases ?? []) {
    const found = lookUp(alias, sources, problems, emptyCounts);
    if (found) {
      warnings.push(`${found.place} is read as ${setting.name}; prefer that name`);
      return found;
    }
  }
  return undefined;
}

function lookUp(name: string, sources: Sources, problems: SourceProblem[], emptyCounts: boolean): Found | undefined {
  for (const candidate of [name, `${name}_FILE`]) {
    const found = rawValue(candidate, sources, emptyCounts && candidate === name);
    if (!found) continue;
    if (candidate === name) return found;
    try {
      const text = readFileSync(found.text, 'utf8').replace(/\r?\n$/, '');
      if (text !== '') return { text, place: found.place };
    } catch (error) {
      problems.push({ line: found.place, message: `cannot read the file it names: ${(error as Error).message}` });
    }
  }
  return undefined;
}

/** The texts of all names with a prefix; overrides are stronger than the environment, that than files, a later file than an earlier one. */
function findFamily(prefix: string, sources: Sources): { family: ReadonlyMap<string, string>; origin: string } {
  const family = new Map<string, string>();
  const add = (name: string, text: string | undefined): void => {
    if (name.startsWith(prefix) && name !== prefix && text) family.set(name.slice(prefix.length), text);
  };
  for (const file of sources.files) for (const [name, { value }] of file.entries) add(name, value);
  for (const [name, text] of Object.entries(sources.env)) add(name, text);
  for (const file of sources.overrides ?? []) for (const [name, { value }] of file.entries) add(name, value);
  return { family, origin: family.size === 0 ? 'default' : [...family.keys()].map((name) => prefix + name).join(', ') };
}

function rawValue(name: string, sources: Sources, emptyCounts: boolean): Found | undefined {
  const fromEnv = sources.env[name];
  if (fromEnv !== undefined && (emptyCounts || fromEnv !== '')) return { text: fromEnv, place: `environment ${name}` };
  for (const file of [...sources.files].reverse()) {
    const entry = file.entries.get(name);
    if (entry && (emptyCounts || entry.value !== ''))
      return { text: entry.value, place: `${file.path}:${entry.line} ${name}` };
  }
  return undefined;
}

/** Names under our own prefixes that no schema knows: typing mistakes, each with the line to change. */
export function unknownOwnKeys(schemas: readonly SettingsSchema[], sources: Sources): SourceProblem[] {
  const known = new Set<string>();
  for (const schema of schemas)
    for (const setting of Object.values(schema))
      for (const name of [setting.name, ...(setting.original ?? []), ...(setting.aliases ?? [])])
        known.add(name).add(`${name}_FILE`);
  const isUnknown = (name: string) => ownPrefixes.some((prefix) => name.startsWith(prefix)) && !known.has(name);
  const message = 'is not a setting of this product; `pmoves-supabase config` lists them';
  const problems: SourceProblem[] = [];
  for (const name of Object.keys(sources.env)) {
    if (isUnknown(name)) problems.push({ line: `environment ${name}`, message });
  }
  for (const file of [...sources.files, ...(sources.overrides ?? [])])
    for (const [name, entry] of file.entries)
      if (isUnknown(name)) problems.push({ line: `${file.path}:${entry.line} ${name}`, message });
  return problems;
}
