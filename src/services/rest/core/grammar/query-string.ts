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
    const known = merged.get(name);
    merged.set(name, known === undefined ? encodeTwice(value) : `${known},${encodeTwice(value)}`);
  }
  let text = '';
  for (const name of [...merged.keys()].sort(byBytes))
    text += `${text === '' ? '' : '&'}${encodeTwice(name)}=${merged.get(name)}`;
  return text;
}

// Code units sort like bytes as long as no surrogates are involved, which sort below the last of the plane.
function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const escapes: readonly string[] = Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[A-Za-z0-9\-_.~]/.test(char)) return char;
  // A byte beyond ASCII is taken for a character of Latin-1, and that is written as UTF-8.
  if (code < 0x80) return `%${hex(code)}`;
  return code < 0xc0 ? `%C2%${hex(code)}` : `%C3%${hex(code - 0x40)}`;
});

function encodeTwice(text: string): string {
  let encoded = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return Array.from(Buffer.from(text, 'utf8'), (byte) => escapes[byte]).join('');
    const written = escapes[code] as string;
    if (written.length === 1) continue;
    encoded += text.slice(from, at) + written;
    from = at + 1;
  }
  return from === 0 ? text : encoded + text.slice(from);
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, '0');
}
