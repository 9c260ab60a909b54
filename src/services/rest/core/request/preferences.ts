/** What a client asked for with `Prefer` (PostgREST 14 docs, "Prefer Header"). */
export interface Preferences {
  readonly resolution: 'merge-duplicates' | 'ignore-duplicates' | undefined;
  readonly missing: 'default' | 'null' | undefined;
  readonly return: 'representation' | 'minimal' | 'headers-only' | undefined;
  readonly count: 'exact' | 'planned' | 'estimated' | undefined;
  readonly tx: 'commit' | 'rollback' | undefined;
  readonly handling: 'strict' | 'lenient' | undefined;
  readonly timezone: string | undefined;
  readonly maxAffected: number | undefined;
  /** Items that mean nothing, for `handling=strict`. */
  readonly unknown: readonly string[];
}

const words = {
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  missing: ['default', 'null'],
  return: ['representation', 'minimal', 'headers-only'],
  count: ['exact', 'planned', 'estimated'],
  tx: ['commit', 'rollback'],
  handling: ['strict', 'lenient'],
} as const;

/** Nothing was asked for. */
export const noPreferences: Preferences = {
  resolution: undefined,
  missing: undefined,
  return: undefined,
  count: undefined,
  tx: undefined,
  handling: undefined,
  timezone: undefined,
  maxAffected: undefined,
  unknown: [],
};

type Mutable = { -readonly [K in keyof Preferences]: Preferences[K] };

/**
 * Reads the header's items; of each preference the first recognised value counts.
 *
 * @param header all `Prefer` headers joined by commas
 * @param isTimezone whether the server knows a time zone of this name
 */
export function parsePreferences(header: string | undefined, isTimezone: (name: string) => boolean): Preferences {
  if (header === undefined) return noPreferences;
  const found: Mutable = { ...noPreferences };
  const unknown: string[] = [];
  for (const part of header.split(',')) {
    const item = part.trim();
    if (item !== '' && !note(found, item, isTimezone)) unknown.push(item);
  }
  found.unknown = unknown;
  return found;
}

function note(found: Mutable, item: string, isTimezone: (name: string) => boolean): boolean {
  const equals = item.indexOf('=');
  const name = item.slice(0, equals);
  const value = item.slice(equals + 1);
  if (name === 'timezone') {
    if (!isTimezone(value)) return false;
    found.timezone ??= value;
    return true;
  }
  if (name === 'max-affected') {
    if (/^-?\d+$/.test(value)) found.maxAffected ??= Number(value);
    return true;
  }
  if (!Object.hasOwn(words, name)) return false;
  const key = name as keyof typeof words;
  if (!(words[key] as readonly string[]).includes(value)) return false;
  (found[key] as string | undefined) ??= value;
  return true;
}
