const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * A span of time in Go's notation (`24h`, `1h30m`, `-1.5s`), as `ban_duration` carries it.
 *
 * @returns milliseconds, or undefined when the text is no duration
 */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text);
  if (!match) return /^[+-]?0$/.test(text) ? 0 : undefined;
  let total = 0;
  for (const [, amount, unit] of (match[2] as string).matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(amount) * (units[unit as string] as number);
  // Go keeps nanoseconds in 64 bits: about 292 years.
  if (!Number.isFinite(total) || total > 9.2e15) return undefined;
  return match[1] === '-' ? -total : total;
}
