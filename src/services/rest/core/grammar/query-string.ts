/** A decoded parameter. Without `=` there is no value. */
export interface Parameter {
  readonly name: string;
  readonly value: string | undefined;
}

/**
 * Splits a query string (without `?`) at `&` and `;` and decodes it: `+` is a blank, escapes that are none are kept as
 * they stand, and bytes that are no UTF-8 become replacement characters. Never throws.
 */
export function parseParameters(query: string): readonly Parameter[] {
  const parameters: Parameter[] = [];
  let from = 0;
  while (from < query.length) {
    let to = from;
    let equals = -1;
    for (; to < query.length; to++) {
      const code = query.charCodeAt(to);
      if (code === 0x26 || code === 0x3b) break;
      if (code === 0x3d && equals < 0) equals = to;
    }
    if (to > from)
      parameters.push(
        equals < 0
          ? { name: decodeComponent(query.slice(from, to), true), value: undefined }
          : {
              name: decodeComponent(query.slice(from, equals), true),
              value: decodeComponent(query.slice(equals + 1, to), true),
            },
      );
    from = to + 1;
  }
  return parameters;
}

/** Decodes percent-escapes leniently. @param plusIsBlank as in query strings, not in paths */
export function decodeComponent(text: string, plusIsBlank: boolean): string {
  const spaced = plusIsBlank && text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Neither broken escapes nor broken UTF-8 are refused.
    return decodeLeniently(spaced);
  }
}

function decodeLeniently(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  let length = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    const high = byte === 0x25 ? hexDigit(bytes[index + 1]) : -1;
    const low = high >= 0 ? hexDigit(bytes[index + 2]) : -1;
    if (low >= 0) {
      bytes[length++] = high * 16 + low;
      index += 2;
    } else bytes[length++] = byte;
  }
  return bytes.toString('utf8', 0, length);
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * The query string in the one form that `Content-Location` shows: sorted by name, values of a repeated name merged with
 * commas, everything but letters, digits and `-_.~` escaped. Characters beyond ASCII come out encoded twice, as
 * PostgREST's do.
 */
export function canonicalQuery(parameters: readonly Parameter[]): string {
  const merged = new Map<string, string>();
  for (const { name, value = '' } of parameters) {
    const key = encodeTwice(name);
    const known = merged.get(key);
    merged.set(key, known === undefined ? encodeTwice(value) : `${known},${encodeTwice(value)}`);
  }
  if (merged.size === 1) for (const [name, value] of merged) return `${name}=${value}`;
  const names = [...new Set(parameters.map(({ name }) => name))].sort(byBytes).map(encodeTwice);
  return names.map((name) => `${name}=${merged.get(name)}`).join('&');
}

// Code units sort like bytes as long as no surrogates are involved, which sort below the last of the plane.
function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const unreserved = /^[A-Za-z0-9\-_.~]*$/;
const others = /[^A-Za-z0-9\-_.~]/g;

function encodeTwice(text: string): string {
  if (unreserved.test(text)) return text;
  const latin = Buffer.from(text, 'utf8').toString('latin1');
  return latin.replace(others, escapeChar);
}

function escapeChar(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x80) return `%${hex(code)}`;
  return code < 0xc0 ? `%C2%${hex(code)}` : `%C3%${hex(code - 0x40)}`;
}

const hex = (code: number): string => code.toString(16).toUpperCase().padStart(2, '0');
