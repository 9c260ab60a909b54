import { end, type Scanner } from './scanner.ts';
import type { Field, JsonStep } from './tree.ts';

const fieldLabel = 'field name (* or [a..z0..9_$])';
const keyLabel = 'any non reserved character different from: .,>()';
const dot = 0x2e;
const comma = 0x2c;
const dash = 0x2d;
const greater = 0x3e;
const quote = 0x22;
const backslash = 0x5c;
const closing = 0x29;

// Letters, digits, _, blank and $ of ASCII; letters beyond it are looked up.
const identifierCodes = codeTable('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ $');
const reservedInKeys = codeTable('(-:.,>)');
const letter = /\p{L}/u;

function codeTable(chars: string): Uint8Array {
  const table = new Uint8Array(128);
  for (const char of chars) table[char.charCodeAt(0)] = 1;
  return table;
}

/** The position behind the identifier characters that begin at `at`. */
function identifierEnd(text: string, at: number): number {
  let position = at;
  for (; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code < 128) {
      if (identifierCodes[code] === 0) break;
    } else {
      const char = String.fromCodePoint(text.codePointAt(position) as number);
      if (!letter.test(char)) break;
      position += char.length - 1;
    }
  }
  return position;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Blanks at both ends of an identifier do not count. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let stop = to;
  while (start < stop && text.charCodeAt(start) === 0x20) start++;
  while (stop > start && text.charCodeAt(stop - 1) === 0x20) stop--;
  return text.slice(start, stop);
}

/**
 * `"…"` with `\` before a character that is meant literally.
 *
 * @returns undefined when no quote is next
 * @throws GrammarError when the closing quote is missing
 */
export function quotedValue(s: Scanner): string | undefined {
  const value = tryQuotedValue(s);
  if (value === null) throw s.failure();
  return value;
}

/** Like `quotedValue`, but `null` for a missing closing quote; the cursor is undefined then. */
export function tryQuotedValue(s: Scanner): string | undefined | null {
  if (s.peek() !== quote) return undefined;
  const { text } = s;
  let from = ++s.position;
  let value = '';
  for (;;) {
    const code = s.peek();
    if (code === quote) {
      value += text.slice(from, s.position++);
      return value;
    }
    if (code === backslash) {
      value += text.slice(from, s.position);
      from = ++s.position;
      if (s.peek() === end) {
        s.miss(undefined);
        return null;
      }
    } else if (code === end) {
      s.miss('"\\\\"');
      s.miss('"\\""');
      return null;
    }
    s.position++;
  }
}

/**
 * A name: quoted, or identifiers joined by dashes. A dash before `>` belongs to an arrow.
 *
 * @returns undefined, with the expectation noted, when no name is next
 */
export function fieldName(s: Scanner): string | undefined {
  const value = quotedValue(s);
  if (value !== undefined) return value;
  const { text } = s;
  let from = s.position;
  let to = identifierEnd(text, from);
  if (to === from) {
    s.miss(fieldLabel);
    return undefined;
  }
  let name = trimmed(text, from, to);
  for (;;) {
    s.position = to;
    s.miss('letter');
    s.miss('digit');
    if (text.charCodeAt(to) !== dash) {
      s.miss('"-"');
      return name;
    }
    if (text.charCodeAt(to + 1) === greater) {
      s.missEnd(undefined, to + 1);
      return name;
    }
    from = to + 1;
    to = identifierEnd(text, from);
    s.position = from;
    if (to === from) {
      s.miss('letter');
      s.miss('digit');
      throw s.failure();
    }
    name += `-${trimmed(text, from, to)}`;
  }
}

/** An identifier without quotes, e.g. the type of a cast. @throws GrammarError when there is none */
export function identifier(s: Scanner): string {
  const from = s.position;
  const to = identifierEnd(s.text, from);
  if (to === from) {
    s.miss('letter');
    s.miss('digit');
    throw s.failure();
  }
  s.position = to;
  s.miss('letter');
  s.miss('digit');
  return trimmed(s.text, from, to);
}

const noPath: readonly JsonStep[] = [];

/** `->key->>0…`, or the empty path. @throws GrammarError after an arrow without a key or index */
export function jsonPath(s: Scanner): readonly JsonStep[] {
  let path: JsonStep[] | undefined;
  for (;;) {
    let arrow: JsonStep['arrow'];
    if (s.accept('->>')) arrow = '->>';
    else if (s.accept('->')) arrow = '->';
    else return path ?? noPath;
    path ??= [];
    path.push(jsonIndex(s, arrow) ?? jsonKey(s, arrow));
  }
}

function jsonIndex(s: Scanner, arrow: JsonStep['arrow']): JsonStep | undefined {
  const from = s.position;
  const negative = s.peek() === dash;
  let at = negative ? from + 1 : from;
  const digits = at;
  while (isDigit(at < s.text.length ? s.text.charCodeAt(at) : end)) at++;
  if (at === digits) {
    if (negative) s.miss('digit', at);
    return undefined;
  }
  const next = at < s.text.length ? s.text.charCodeAt(at) : end;
  const ends = next === end || next === dot || next === comma || startsArrowOrCast(s.text, at);
  if (!ends) {
    s.miss('digit', at);
    for (const label of ['"->"', '"::"', '"."', '","']) s.miss(label, at);
    s.missEnd('end of input', at);
    return undefined;
  }
  s.position = at;
  return { arrow, kind: 'index', value: `${negative ? '-' : '+'}${s.text.slice(digits, at)}` };
}

const startsArrowOrCast = (text: string, at: number): boolean => text.startsWith('->', at) || text.startsWith('::', at);

function jsonKey(s: Scanner, arrow: JsonStep['arrow']): JsonStep {
  const value = quotedValue(s);
  if (value !== undefined) return { arrow, kind: 'key', value };
  const start = s.position;
  let to = keyEnd(s.text, start);
  if (to === start) {
    s.miss(keyLabel);
    throw s.failure();
  }
  let name = trimmed(s.text, start, to);
  while (s.text.charCodeAt(to) === dash && s.text.charCodeAt(to + 1) !== greater) {
    const from = to + 1;
    to = keyEnd(s.text, from);
    if (to === from) {
      s.position = from;
      s.miss(undefined);
      throw s.failure();
    }
    name += `-${trimmed(s.text, from, to)}`;
  }
  s.rewind(to);
  if (s.text.charCodeAt(to) !== dash) s.miss('"-"');
  return { arrow, kind: 'key', value: name };
}

function keyEnd(text: string, at: number): number {
  let position = at;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (code < 128 && reservedInKeys[code] === 1) break;
    position++;
  }
  return position;
}

/** A column with an optional JSON path, blanks around it skipped. Undefined when no name is next. */
export function field(s: Scanner): Field | undefined {
  s.blanks();
  const name = fieldName(s);
  if (name === undefined) return undefined;
  const path = jsonPath(s);
  s.blanks();
  return { name, path };
}

/** Whether the next character ends an item of a select list. Notes what was expected otherwise. */
export function atItemEnd(s: Scanner): boolean {
  const code = s.peek();
  if (code === closing || code === comma || code === end) return true;
  s.miss('")"');
  s.miss('","');
  s.missEnd();
  return false;
}
