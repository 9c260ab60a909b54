/** A part of a JSON text: from the first character of a value to behind its last. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/** A member of an object: its key, decoded, and where its value stands. */
export interface JsonMember extends JsonSpan {
  readonly key: string;
}

// Values keep the text they have: reading and writing them again would round numbers and drop what JavaScript does not
// know. All functions here expect valid JSON, and do not look at more of it than they must.

/** Where the whole value of a text stands. */
export const wholeSpan = (text: string): JsonSpan => {
  const start = blanksEnd(text, 0);
  return { start, end: valueEnd(text, start) };
};

/** The members of the object at a place, in their order, repeated keys included. */
export function members(text: string, { start }: JsonSpan): JsonMember[] {
  const found: JsonMember[] = [];
  let at = blanksEnd(text, start + 1);
  while (text[at] === '"') {
    const keyEnd = stringEnd(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const valueStart = blanksEnd(text, blanksEnd(text, keyEnd) + 1);
    const end = valueEnd(text, valueStart);
    found.push({ key, start: valueStart, end });
    at = blanksEnd(text, end);
    if (text[at] === ',') at = blanksEnd(text, at + 1);
  }
  return found;
}

/** The elements of the array at a place. */
export function elements(text: string, { start }: JsonSpan): JsonSpan[] {
  const found: JsonSpan[] = [];
  let at = blanksEnd(text, start + 1);
  while (at < text.length && text[at] !== ']') {
    const end = valueEnd(text, at);
    found.push({ start: at, end });
    at = blanksEnd(text, end);
    if (text[at] === ',') at = blanksEnd(text, at + 1);
  }
  return found;
}

/** The value at the end of a path of keys and indices; undefined when the document does not go that way. */
export function valueAt(text: string, path: readonly string[]): JsonSpan | undefined {
  let span: JsonSpan | undefined = wholeSpan(text);
  for (const step of path) {
    const opening = text[span.start];
    if (opening === '[') span = /^\d+$/.test(step) ? elements(text, span)[Number(step)] : undefined;
    // Of a repeated key the last one counts, as everywhere.
    else if (opening === '{') span = members(text, span).findLast(({ key }) => key === step);
    else return undefined;
    if (span === undefined) return undefined;
  }
  return span;
}

/** Replaces texts that are values, not keys. @param replacement JSON text, or undefined to leave a text as it is */
export function replaceTexts(text: string, replacement: (value: string) => string | undefined): string {
  let result = '';
  let copied = 0;
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '"') {
      at++;
      continue;
    }
    const end = stringEnd(text, at);
    const isKey = text[blanksEnd(text, end)] === ':';
    const made = isKey ? undefined : replacement(JSON.parse(text.slice(at, end)) as string);
    if (made !== undefined) {
      result += text.slice(copied, at) + made;
      copied = end;
    }
    at = end;
  }
  return copied === 0 ? text : result + text.slice(copied);
}

function valueEnd(text: string, start: number): number {
  const opening = text[start];
  if (opening === '"') return stringEnd(text, start);
  if (opening !== '{' && opening !== '[') return wordEnd(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = stringEnd(text, at) - 1;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return text.length;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function wordEnd(text: string, start: number): number {
  const word = /[^\s,\]}]*/y;
  word.lastIndex = start;
  word.test(text);
  return word.lastIndex;
}

function blanksEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && (text.charCodeAt(at) === 0x20 || (text.charCodeAt(at) >= 9 && text.charCodeAt(at) <= 13)))
    at++;
  return at;
}
