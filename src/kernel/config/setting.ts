import { readFileSync } from 'node:fs';

/** Under which names a setting may be given, strongest first. */
export interface SettingNames {
  /** The standard Supabase name, or our own; this is the name shown to people. */
  readonly name: string;
  /** The original service's own names (`GOTRUE_SITE_URL`); stronger than `name`. */
  readonly original?: readonly string[];
  /** Originals without a prefix (`PORT`, `DATABASE_URL`); they count only when this process runs one room alone. */
  readonly alone?: readonly string[];
  /** An integrator's names; weakest, with one warning each. */
  readonly aliases?: readonly string[];
  /** True: an empty text is a value (an empty list), not the lack of one. */
  readonly emptyCounts?: boolean;
  /** Set for a family of settings: the prefix their names share. */
  readonly prefix?: string;
}

interface Common<T> extends SettingNames {
  /** One sentence for the reference. */
  readonly help: string;
  /** The value when nothing is given; leave out for `undefined`. */
  readonly default?: T;
  /** Masked wherever settings are shown. */
  readonly secret?: boolean;
  /** True: it counts from the next start of the program on, even where others of its room count at once. */
  readonly atStart?: boolean;
}

/** One setting of a room: names, type, default, sentence, and how its text is read. */
export interface Setting<T> extends SettingNames {
  readonly type: string;
  readonly help: string;
  readonly secret: boolean;
  /** True: it counts from the next start of the program on, even where others of its room count at once. */
  readonly atStart?: boolean;
  readonly default: T | undefined;
  /** @throws Error whose message says what a right value looks like */
  readonly parse: (text: string) => T;
}

/** A room's settings by the key its code uses. */
export type SettingsSchema = Readonly<Record<string, Setting<unknown>>>;

/** The parsed, frozen values of a schema. */
export type SettingsOf<S extends SettingsSchema> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** A value with the place it came from, for `config --current`. */
export interface EffectiveSetting {
  readonly key: string;
  readonly setting: Setting<unknown>;
  readonly value: unknown;
  readonly origin: string;
}

type Defaulted<T, O> = O extends { readonly default: T } ? Setting<T> : Setting<T | undefined>;

function make<T, O extends Common<T>>(type: string, options: O, parse: (text: string) => T): Defaulted<T, O> {
  return {
    name: options.name,
    ...(options.original && { original: options.original }),
    ...(options.alone && { alone: options.alone }),
    ...(options.aliases && { aliases: options.aliases }),
    ...(options.emptyCounts && { emptyCounts: true }),
    ...(options.prefix && { prefix: options.prefix }),
    ...(options.atStart && { atStart: true }),
    type,
    help: options.help,
    secret: options.secret ?? false,
    default: options.default,
    parse,
  } as unknown as Defaulted<T, O>;
}

/**
 * Any text.
 *
 * @param options.minLength in characters
 * @param options.pattern what the text must match, with a sentence
 * @param options.fileReference true: `@path` stands for the text of that file, without its last line break
 */
export function string<
  const O extends Common<string> & {
    readonly minLength?: number;
    readonly pattern?: readonly [RegExp, string];
    readonly fileReference?: boolean;
  },
>(options: O): Defaulted<string, O> {
  return make<string, O>('text', options, (given) => {
    const text = options.fileReference && given.startsWith('@') ? referredText(given.slice(1)) : given;
    if (options.minLength !== undefined && text.length < options.minLength)
      throw new Error(`must have at least ${options.minLength} characters`);
    if (options.pattern !== undefined && !options.pattern[0].test(text)) throw new Error(options.pattern[1]);
    return text;
  });
}

function referredText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`cannot read the file it names: ${(error as Error).message}`);
  }
}

/**
 * A family of settings whose names begin alike (`PREFIX_ANYTHING`): the text of each by what follows the prefix, its
 * case kept.
 */
export function prefixed(options: {
  readonly prefix: string;
  readonly help: string;
  readonly secret?: boolean;
}): Setting<ReadonlyMap<string, string>> {
  const none: ReadonlyMap<string, string> = new Map();
  return make<ReadonlyMap<string, string>, Common<ReadonlyMap<string, string>> & { default: typeof none }>(
    'text',
    { ...options, name: `${options.prefix}*`, default: none },
    () => none,
  );
}

/** A whole number within bounds (both inclusive). */
export function integer<const O extends Common<number> & { readonly min?: number; readonly max?: number }>(
  options: O,
): Defaulted<number, O> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return make<number, O>(`whole number ${min}–${max === Number.MAX_SAFE_INTEGER ? '…' : max}`, options, (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw new Error('must be a whole number');
    if (value < min || value > max) throw new Error(`must be between ${min} and ${max}`);
    return value;
  });
}

/** `true/false`, `on/off`, `yes/no`, `1/0` in any case. */
export function boolean<const O extends Common<boolean>>(options: O): Defaulted<boolean, O> {
  return make<boolean, O>('true or false', options, (text) => {
    const word = text.trim().toLowerCase();
    if (['true', 't', 'on', 'yes', '1'].includes(word)) return true;
    if (['false', 'f', 'off', 'no', '0'].includes(word)) return false;
    throw new Error('must be true or false');
  });
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * A span of time, kept in milliseconds. Text is Go's form (`1h30m`, `10s`, `250ms`) or a bare number of `bare`.
 *
 * @param options.bare unit of a number without a unit (default seconds)
 */
export function duration<
  const O extends Common<number> & { readonly bare?: 'ms' | 's'; readonly min?: number; readonly max?: number },
>(options: O): Defaulted<number, O> {
  return make<number, O>('duration', options, (text) => {
    const trimmed = text.trim();
    let value: number;
    if (/^\d+(\.\d+)?$/.test(trimmed)) value = Number(trimmed) * (options.bare === 'ms' ? 1 : 1_000);
    else if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(trimmed)) {
      value = 0;
      for (const part of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
        value += Number(part[1]) * (durationUnits[part[2] as string] as number);
    } else throw new Error('must be a duration such as 30s, 5m or 1h30m');
    if (value < (options.min ?? 0) || value > (options.max ?? Number.MAX_SAFE_INTEGER))
      throw new Error(`must be between ${options.min ?? 0} ms and ${options.max ?? '…'} ms`);
    return value;
  });
}

const byteUnits: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** A number of bytes: `52428800`, `512kB`, `50MB`, `1GB` (powers of 1024). */
export function bytes<const O extends Common<number> & { readonly min?: number; readonly max?: number }>(
  options: O,
): Defaulted<number, O> {
  return make<number, O>('bytes', options, (text) => {
    const match = /^(\d+)\s*(b|kb|mb|gb)?$/i.exec(text.trim());
    if (!match) throw new Error('must be a number of bytes such as 1048576 or 1MB');
    const value = Number(match[1]) * (byteUnits[(match[2] ?? '').toLowerCase()] as number);
    if (value < (options.min ?? 0) || value > (options.max ?? Number.MAX_SAFE_INTEGER))
      throw new Error(`must be between ${options.min ?? 0} and ${options.max ?? '…'} bytes`);
    return value;
  });
}

/**
 * A comma-separated list; items are trimmed, empty ones dropped.
 *
 * @param options.item what each item must match, with a sentence
 */
export function list<const O extends Common<readonly string[]> & { readonly item?: readonly [RegExp, string] }>(
  options: O,
): Defaulted<readonly string[], O> {
  return make<readonly string[], O>('list', options, (text) => {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    const { item: form } = options;
    if (form && !items.every((item) => form[0].test(item))) throw new Error(form[1]);
    return Object.freeze(items);
  });
}

/** An absolute URL, kept as text without a trailing slash. @param options.protocols allowed, without colon */
export function url<const O extends Common<string> & { readonly protocols?: readonly string[] }>(
  options: O,
): Defaulted<string, O> {
  return make<string, O>('URL', options, (text) => {
    if (!URL.canParse(text)) throw new Error('must be an absolute URL such as https://example.com');
    const protocol = new URL(text).protocol.slice(0, -1);
    if (options.protocols && !options.protocols.includes(protocol))
      throw new Error(`must begin with ${options.protocols.map((name) => `${name}://`).join(' or ')}`);
    return text.replace(/\/+$/, '');
  });
}

/** One of a fixed set of words. */
export function oneOf<const V extends string, const O extends Common<V> & { readonly values: readonly V[] }>(
  options: O & { readonly values: readonly V[] },
): Defaulted<V, O> {
  return make<V, O>(options.values.join(' | '), options, (text) => {
    const word = text.trim() as V;
    if (!options.values.includes(word)) throw new Error(`must be one of ${options.values.join(', ')}`);
    return word;
  });
}

/** A JSON value whose form `check` asserts. */
export function json<T, const O extends Common<T>>(
  options: O & { readonly check: (value: unknown) => T },
): Defaulted<T, O> {
  return make<T, O>('JSON', options, (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Error('must be valid JSON');
    }
    return options.check(value);
  });
}

/** A number that may have a fraction, within bounds (both inclusive). */
export function decimal<const O extends Common<number> & { readonly min?: number; readonly max?: number }>(
  options: O,
): Defaulted<number, O> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return make<number, O>(`number ${min}–${max === Number.MAX_SAFE_INTEGER ? '…' : max}`, options, (text) => {
    const value = /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) throw new Error('must be a number such as 2 or 16.8');
    if (value < min || value > max) throw new Error(`must be between ${min} and ${max}`);
    return value;
  });
}
