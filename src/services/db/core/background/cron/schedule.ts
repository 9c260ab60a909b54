/** When a job is due. */
export type Schedule =
  | { readonly kind: 'interval'; readonly seconds: number }
  /** Once for each start of the database server. */
  | { readonly kind: 'reboot' }
  | { readonly kind: 'cron'; readonly pattern: string; readonly bothDays: boolean };

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly lowest: number;
  readonly highest: number;
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { lowest: 0, highest: 59 },
  { lowest: 0, highest: 23 },
  { lowest: 1, highest: 31 },
  { lowest: 1, highest: 12, names: months },
  { lowest: 0, highest: 7, names: days },
];

/**
 * Reads a schedule in pg_cron's language: five fields of Vixie cron with `$` for a month's last day, a macro, or
 * `N seconds`. The pattern that comes out names every value, so that it means the same to any cron library. In Vixie cron a
 * day must match both day fields where one of them begins with a star, and either of them otherwise.
 *
 * @returns undefined for text that is none
 */
export function parseSchedule(text: string): Schedule | undefined {
  const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase();
  const interval = /^(\d{1,4})\s+seconds?$/.exec(trimmed)?.[1];
  if (interval !== undefined) {
    const seconds = Number(interval);
    return seconds >= 1 && seconds <= 59 ? { kind: 'interval', seconds } : undefined;
  }
  if (trimmed === '@reboot') return { kind: 'reboot' };
  const parts = (Object.hasOwn(macros, trimmed) ? (macros[trimmed] ?? '') : trimmed).split(/[ \t]+/);
  if (parts.length !== fields.length) return undefined;
  const values = parts.map((part, place) => valuesOf(part, place));
  if (values.includes(undefined)) return undefined;
  const bothDays = [parts[2], parts[4]].some((part) => part?.startsWith('*'));
  return { kind: 'cron', pattern: values.join(' '), bothDays };
}

/** A field as the list of its values; a star, which a library may treat apart, stays one. */
function valuesOf(text: string, place: number): string | undefined {
  if (text === '*') return '*';
  const field = fields[place] as Field;
  const values = new Set<number | 'L'>();
  for (const part of text.split(',')) {
    if (part === '$' && place === 2) {
      values.add('L');
      continue;
    }
    const range = rangeOf(part, field);
    if (!range) return undefined;
    for (let value = range.from; value <= range.to; value += range.step) values.add(place === 4 ? value % 7 : value);
  }
  return [...values].join(',');
}

function rangeOf(text: string, { lowest, highest, names }: Field) {
  const match = /^(?:\*|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(text);
  if (!match) return undefined;
  const [, first, last, steps] = match;
  // A step goes with a range only.
  if (steps !== undefined && first !== undefined && last === undefined) return undefined;
  const numberOf = (word: string) => (/^\d/.test(word) ? Number(word) : (names?.indexOf(word) ?? -1) + (lowest || 0));
  const isName = (word: string | undefined) => word !== undefined && !/^\d/.test(word);
  if ([first, last].some((word) => isName(word) && !names?.includes(word as string))) return undefined;
  const from = first === undefined ? lowest : numberOf(first);
  const to = last !== undefined ? numberOf(last) : first === undefined ? highest : from;
  const step = steps === undefined ? 1 : Number(steps);
  if (from < lowest || to > highest || from > to || step === 0) return undefined;
  return { from, to, step };
}
