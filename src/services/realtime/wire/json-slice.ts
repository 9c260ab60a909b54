/**
 * Texts of values inside JSON text, as they were written: a number parsed and written again would lose digits. The text must have
 * been parsed already; what these functions do with other text is undefined, but they end.
 */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const opens = (code: number): boolean => code === 0x5b || code === 0x7b;
const closes = (code: number): boolean => code === 0x5d || code === 0x7d;

/** The elements of an array. */
export function elementTexts(text: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (at < text.length && !closes(text.charCodeAt(at))) {
    const end = skipValue(text, at);
    elements.push(text.slice(at, end));
    at = skipSeparator(text, end);
  }
  return elements;
}

/** The fields of an object; of several with one name the last, as `JSON.parse` has it. */
export function fieldTexts(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (at < text.length && !closes(text.charCodeAt(at))) {
    const keyEnd = skipString(text, at);
    const name = JSON.parse(text.slice(at, keyEnd)) as string;
    const from = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, from);
    found.set(name, text.slice(from, end));
    at = skipSeparator(text, end);
  }
  return found;
}

/** A field of an object. Undefined: there is none. */
export const fieldText = (text: string, name: string): string | undefined => fieldTexts(text).get(name);

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function skipSeparator(text: string, from: number): number {
  const at = skipSpace(text, from);
  return text.charCodeAt(at) === comma ? skipSpace(text, at + 1) : at;
}

/** @returns the place behind the string that begins at `from` */
function skipString(text: string, from: number): number {
  for (let at = from + 1; ; ) {
    const end = text.indexOf('"', at);
    if (end < 0) return text.length;
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before--;
    if ((end - before) % 2 === 0) return end + 1;
    at = end + 1;
  }
}

/** @returns the place behind the value that begins at `from` */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = skipString(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (opens(code)) depth++;
    else if (closes(code)) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === comma || isSpace(code))) return at;
    at++;
  }
  return at;
}
