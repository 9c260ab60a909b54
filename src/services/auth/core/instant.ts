/**
 * A moment as PostgreSQL writes it in JSON: `2024-01-31T12:00:00.123456+00:00`. Columns without a time zone hold UTC and
 * lack the offset.
 */
export type Instant = string;

/** The same moment in RFC 3339 with `Z`, microseconds kept. `infinity` stays what it is. */
export function wireTime(instant: Instant): string {
  const match = /^(\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(?:Z|([+-])(\d\d):?(\d\d)?)?$/.exec(instant);
  if (!match) return instant;
  const [, seconds, fraction = '', sign, hours = '00', minutes = '00'] = match;
  if (sign === undefined || (hours === '00' && minutes === '00')) return `${seconds}${fraction}Z`;
  // Offsets are whole minutes, so the fraction of the second is the same in every zone.
  const shift = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? 1 : -1);
  return `${new Date(Date.parse(`${seconds}Z`) + shift).toISOString().slice(0, 19)}${fraction}Z`;
}

/** Milliseconds since the epoch; `infinity` is Infinity, something unreadable NaN. */
export function millisecondsOf(instant: Instant): number {
  if (instant === 'infinity') return Number.POSITIVE_INFINITY;
  if (instant === '-infinity') return Number.NEGATIVE_INFINITY;
  return Date.parse(wireTime(instant));
}

/** Whether a moment that may be absent lies after `now` (milliseconds). */
export const isAfter = (instant: Instant | null, now: number): boolean =>
  instant !== null && millisecondsOf(instant) > now;

/** A moment as a statement's parameter. @param milliseconds since the epoch */
export const instantAt = (milliseconds: number): Instant => new Date(milliseconds).toISOString();
