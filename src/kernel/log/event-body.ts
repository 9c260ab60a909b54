/**
 * Reads the events of a text: a JSON value, the items of a JSON array or of the field `batch` of an object, or one JSON
 * value a line.
 *
 * @returns undefined where it is none of these
 */
export function parseEvents(text: string): readonly unknown[] | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    if (Array.isArray(value)) return value;
    const { batch } = (value ?? {}) as { batch?: unknown };
    return Array.isArray(batch) ? batch : [value];
  } catch {
    // Lines, or nothing.
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  try {
    return lines.length < 2 ? undefined : lines.map((line) => JSON.parse(line) as unknown);
  } catch {
    return undefined;
  }
}

const isoMicroseconds = /\.\d{3}(\d{1,3})\d*(?:Z|[+-]\d\d:?\d\d)?$/i;

/**
 * A moment in microseconds since the epoch: of an ISO text, or of a number of seconds, milliseconds, microseconds or
 * nanoseconds, told by its size. Undefined where the value is none between 2001 and 2286.
 */
export function microsecondsOf(value: unknown): number | undefined {
  if (typeof value === 'string') {
    const milliseconds = Date.parse(value);
    if (Number.isNaN(milliseconds)) return /^\d{10,19}$/.test(value) ? microsecondsOf(Number(value)) : undefined;
    const finer = isoMicroseconds.exec(value)?.[1] ?? '';
    return within(milliseconds * 1_000 + Number(finer.padEnd(3, '0')));
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  for (const unit of [1e6, 1e3, 1, 1e-3]) {
    const found = within(Math.round(value * unit));
    if (found !== undefined) return found;
  }
  return undefined;
}

const within = (microseconds: number): number | undefined =>
  microseconds >= 1e15 && microseconds < 1e16 ? microseconds : undefined;
