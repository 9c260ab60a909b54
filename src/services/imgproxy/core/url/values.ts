import { imgproxyError } from '../../errors.ts';

/** Red, green and blue, 0–255. */
export interface Colour {
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

/** Fails with what is wrong with an option. */
export function invalid(option: string, value: string): never {
  throw imgproxyError('invalid_url', { details: `Invalid ${option}: ${value}` });
}

/** A whole number of at least `min`. */
export function wholeNumber(option: string, text: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value + 0 : invalid(option, text);
}

/** A finite number within bounds; `above` excludes the lower one. */
export function realNumber(
  option: string,
  text: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, above = false } = {},
): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return value <= max && (above ? value > min : value >= min) ? value + 0 : invalid(option, text);
}

/** True for the words Go reads as such; everything else is false. */
export const truth = (text: string): boolean => ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text);

/** A colour in hex, `rgb` or `rrggbb`. */
export function hexColour(option: string, text: string): Colour {
  const short = /^([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text);
  const digits = short ? [1, 2, 3].map((at) => `${short[at]}${short[at]}`).join('') : text;
  if (!/^[0-9a-f]{6}$/i.test(digits)) return invalid(option, text);
  const value = Number.parseInt(digits, 16);
  return { r: value >> 16, g: (value >> 8) & 255, b: value & 255 };
}

/** Text of URL-safe Base64 without padding. */
export function base64Text(option: string, text: string): string {
  const bare = text.replace(/=+$/, '');
  if (!/^[\w-]*$/.test(bare) || bare.length % 4 === 1) return invalid(option, text);
  return Buffer.from(bare, 'base64url').toString('utf8');
}

/** Percent-decoded text. */
export function percentDecoded(option: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return invalid(option, text);
  }
}
