/** A piece of markup: where it ends, and what a tag says. */
export type Markup =
  | { readonly kind: 'kept' | 'instruction'; readonly end: number }
  | { readonly kind: 'doctype'; readonly end: number; readonly subset: string }
  | {
      readonly kind: 'tag';
      readonly end: number;
      readonly name: string;
      readonly closing: boolean;
      readonly empty: boolean;
      /** From behind the name to before the end. */
      readonly attributes: string;
    }
  /** The text ends within it. */
  | { readonly kind: 'broken'; readonly end: number };

/**
 * Reads the markup that begins at `<` (XML 1.0 §2.4–2.8, §3.1). Every character is looked at once, whatever stands there.
 */
export function readMarkup(text: string, start: number): Markup {
  if (text.startsWith('<!--', start)) return upTo(text, start, '-->', 'kept');
  if (text.startsWith('<![CDATA[', start)) return upTo(text, start, ']]>', 'kept');
  if (text.startsWith('<?', start)) return upTo(text, start, '?>', 'instruction');
  if (text.startsWith('<!', start)) return readDoctype(text, start);
  const closing = text[start + 1] === '/';
  const nameStart = start + (closing ? 2 : 1);
  const nameEnd = skip(text, nameStart, (char) => !isSpace(char) && !'/>"\'<='.includes(char));
  const end = closingBracket(text, nameEnd);
  if (end < 0 || nameEnd === nameStart) return { kind: 'broken', end: end < 0 ? text.length : end + 1 };
  const empty = text[end - 1] === '/';
  const attributes = text.slice(nameEnd, empty ? end - 1 : end);
  return { kind: 'tag', end: end + 1, name: text.slice(nameStart, nameEnd), closing, empty, attributes };
}

function upTo(text: string, start: number, mark: string, kind: 'kept' | 'instruction'): Markup {
  const at = text.indexOf(mark, start);
  return at < 0 ? { kind: 'broken', end: text.length } : { kind, end: at + mark.length };
}

function readDoctype(text: string, start: number): Markup {
  let from = -1;
  let subset = '';
  for (let at = start + 2; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '"' || char === "'") {
      const close = text.indexOf(char, at + 1);
      if (close < 0) break;
      at = close;
    } else if (char === '[' && from < 0) from = at + 1;
    else if (char === ']' && from >= 0 && subset === '') subset = text.slice(from, at);
    else if (char === '>' && (from < 0 || subset !== '' || text[at - 1] === ']'))
      return { kind: 'doctype', end: at + 1, subset };
  }
  return { kind: 'broken', end: text.length };
}

function closingBracket(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '>') return at;
    if (char !== '"' && char !== "'") continue;
    const close = text.indexOf(char, at + 1);
    if (close < 0) return -1;
    at = close;
  }
  return -1;
}

/** An attribute and the text it stands as, space before it included. */
export interface Attribute {
  readonly text: string;
  readonly name: string;
  /** Without quotes, references as they stand. */
  readonly value: string;
}

/** Takes the attributes of a tag apart; together their texts are the whole of it. */
export function readAttributes(text: string): Attribute[] {
  const found: Attribute[] = [];
  for (let at = 0; at < text.length; ) {
    const nameStart = skip(text, at, isSpace);
    const nameEnd = skip(text, nameStart, (char) => !isSpace(char) && char !== '=' && char !== '"' && char !== "'");
    const equals = skip(text, nameEnd, isSpace);
    let end = Math.max(nameEnd, nameStart + 1);
    let value = '';
    if (text[equals] === '=') {
      const from = skip(text, equals + 1, isSpace);
      const quote = text[from];
      if (quote === '"' || quote === "'") {
        const close = text.indexOf(quote, from + 1);
        end = close < 0 ? text.length : close + 1;
        value = text.slice(from + 1, close < 0 ? text.length : close);
      } else {
        end = Math.max(
          skip(text, from, (char) => !isSpace(char)),
          equals + 1,
        );
        value = text.slice(from, end);
      }
    }
    found.push({ text: text.slice(at, end), name: text.slice(nameStart, nameEnd), value });
    at = end;
  }
  return found;
}

const isSpace = (char: string): boolean => char === ' ' || char === '\n' || char === '\t' || char === '\r';

function skip(text: string, start: number, while_: (char: string) => boolean): number {
  let at = start;
  while (at < text.length && while_(text[at] as string)) at++;
  return at;
}
