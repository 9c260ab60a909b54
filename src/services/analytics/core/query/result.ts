import type { SessionResult } from '#kernel/sql';

const timestamps = new Set([1114, 1184, 1082]);
const numeric = 1700;

/**
 * Rows as the front end expects them of BigQuery (spec services §D.4): moments as whole microseconds, and each map inside
 * a row in an array of one.
 */
export function readRows({ rows, columns, types }: Pick<SessionResult, 'rows' | 'columns' | 'types'>): unknown[] {
  const moments = columns.filter((_, index) => timestamps.has(types[index] as number));
  const numbers = columns.filter((_, index) => types[index] === numeric);
  return rows.map((row) => {
    const read: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row)) read[name] = wrapped(value);
    for (const name of moments) read[name] = microseconds(row[name]);
    for (const name of numbers) read[name] = numberOf(row[name]);
    return read;
  });
}

function numberOf(value: unknown): unknown {
  const number = Number(value);
  return value === null || !Number.isFinite(number) ? value : number;
}

/** Maps become arrays of one, at every depth. */
export function wrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => (isMap(item) ? inside(item) : wrapped(item)));
  return [inside(value as Record<string, unknown>)];
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const inside = (map: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, wrapped(inner)]));

const written = /^(\d{4,}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([+-]\d\d(?::?\d\d)?)?)?$/;

/** A moment as the server writes it (`ISO`), in microseconds since the epoch; other texts (`infinity`) stay. */
export function microseconds(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const match = written.exec(value);
  if (!match) return value;
  const [, date, time = '00:00:00', fraction = '', zone = '+00'] = match;
  const milliseconds = Date.parse(`${date}T${time}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone}`);
  return Number.isNaN(milliseconds) ? value : milliseconds * 1_000 + Number(fraction.padEnd(6, '0'));
}
