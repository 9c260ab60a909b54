import { analyticsError } from '../../errors.ts';

/** The SQL a query is written in. */
export type Dialect = 'bigquery' | 'postgres';

/** A piece of a query. `text` is how PostgreSQL writes it. */
export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol';
  readonly text: string;
  /** A word in small letters, a name or string without its quotes, else the text. */
  readonly value: string;
}

/** Pieces between brackets. */
export interface Group {
  readonly kind: 'group';
  readonly open: '(' | '[';
  readonly items: readonly Node[];
}

/** A piece, or several between brackets. */
export type Node = Token | Group;

const longest = 100_000;
const deepest = 100;

const ofBigQuery =
  /`|\bunnest\s*\(|\br(?=['"])|,\s*from\b|\b(regexp_contains|timestamp_(trunc|sub|add|diff|micros|millis|seconds)|datetime_(trunc|sub|add|diff)|countif|safe_cast|int64|float64|approx_\w+|current_(timestamp|datetime|date)\s*\(|ifnull|safe_divide)\b/i;

/** What a query is written in, as far as it can be told. */
export const dialectOf = (sql: string): Dialect => (ofBigQuery.test(sql) ? 'bigquery' : 'postgres');

const space = /[\s\ufeff]+/y;
const lineComment = /--[^\n]*/y;
const hashComment = /#[^\n]*/y;
const word = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const number = /(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const dollarQuote = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const symbol = /::|<=|>=|<>|!=|\|\||->>|->|#>>|#>|!~\*|!~|~\*|@>|<@|\?\||\?&|[-+*/%<>=~!@?|&^,.;:]/y;

/** @throws ServiceError `bad_query` */
export const badQuery = (message: string) => analyticsError('bad_query', { message });

/** Takes a query apart. Comments are left out. @throws ServiceError `bad_query` where it cannot be */
export function readTokens(sql: string, dialect: Dialect): Node[] {
  if (sql.length > longest) throw badQuery(`the query is longer than ${longest} characters`);
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(sql)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };

  function skip(): void {
    for (;;) {
      const before = at;
      match(space);
      match(lineComment);
      if (dialect === 'bigquery') match(hashComment);
      if (sql.startsWith('/*', at)) {
        const end = sql.indexOf('*/', at + 2);
        if (end < 0) throw badQuery('a comment has no end');
        at = end + 2;
      }
      if (at === before) return;
    }
  }

  function readGroup(close: ')' | ']' | undefined, depth: number): Node[] {
    if (depth > deepest) throw badQuery('the query is nested too deep');
    const nodes: Node[] = [];
    for (;;) {
      skip();
      const character = sql[at];
      if (character === undefined) {
        if (close !== undefined) throw badQuery(`a ${close} is missing`);
        return nodes;
      }
      if (character === ')' || character === ']') {
        if (character !== close) throw badQuery(`there is a ${character} too many`);
        at++;
        return nodes;
      }
      if (character === '(' || character === '[') {
        at++;
        nodes.push({ kind: 'group', open: character, items: readGroup(character === '(' ? ')' : ']', depth + 1) });
      } else nodes.push(readToken(nodes.at(-1)));
    }
  }

  function readToken(before: Node | undefined): Token {
    const character = sql[at] as string;
    if (character === "'") return stringToken(quoted("'", dialect === 'bigquery'));
    if (character === '`') return nameToken(quoted('`', false));
    if (character === '"') {
      const value = quoted('"', dialect === 'bigquery');
      return dialect === 'postgres' || isName(before, sql[at]) ? nameToken(value) : stringToken(value);
    }
    const prefix = sql.slice(at, at + 2);
    if (/^[rR]['"]$/.test(prefix)) {
      at++;
      return stringToken(rawQuoted(prefix[1] as string));
    }
    if (/^[eE]'$/.test(prefix)) {
      at++;
      return stringToken(quoted("'", true));
    }
    const dollar = match(dollarQuote);
    if (dollar !== undefined) {
      const end = sql.indexOf(dollar, at);
      if (end < 0) throw badQuery('a text has no end');
      const value = sql.slice(at, end);
      at = end + dollar.length;
      return stringToken(value);
    }
    const digits = match(number);
    if (digits !== undefined) return { kind: 'number', text: digits, value: digits };
    const letters = match(word);
    if (letters !== undefined) return { kind: 'word', text: letters, value: letters.toLowerCase() };
    const sign = match(symbol);
    if (sign === undefined) throw badQuery(`${JSON.stringify(character)} is nothing a query can have`);
    return { kind: 'symbol', text: sign, value: sign };
  }

  function quoted(quote: string, hasEscapes: boolean): string {
    let value = '';
    for (at++; ; at++) {
      const character = sql[at];
      if (character === undefined) throw badQuery('a text has no end');
      if (character === quote) {
        at++;
        if (sql[at] !== quote) return value;
        value += quote;
      } else if (character === '\\' && hasEscapes) {
        at++;
        value += unescaped(sql[at] ?? '');
      } else value += character;
    }
  }

  function rawQuoted(quote: string): string {
    const end = sql.indexOf(quote, at + 1);
    if (end < 0) throw badQuery('a text has no end');
    const value = sql.slice(at + 1, end);
    at = end + 1;
    return value;
  }

  return readGroup(undefined, 0);
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

// In patterns people write `\d` where `\\d` would be right; neither is an escape of its own.
const unescaped = (character: string): string =>
  escapes[character] ?? (/[\\'"`?]/.test(character) ? character : `\\${character}`);

// BigQuery's double quotes are texts; but what follows a dot or `as`, or has a dot behind it, is meant as a name.
function isName(before: Node | undefined, after: string | undefined): boolean {
  if (after === '.') return true;
  return (
    before !== undefined &&
    before.kind !== 'group' &&
    (before.value === '.' || (before.kind === 'word' && before.value === 'as'))
  );
}

/** A text as PostgreSQL writes it. */
export function stringToken(value: string): Token {
  if (value.includes('\0')) throw badQuery('a text has a null character');
  const doubled = value.replaceAll("'", "''");
  return {
    kind: 'string',
    text: value.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`,
    value,
  };
}

/** A name as PostgreSQL writes it. */
export function nameToken(value: string): Token {
  if (value === '' || value.includes('\0')) throw badQuery('a name is empty or has a null character');
  return { kind: 'name', text: `"${value.replaceAll('"', '""')}"`, value };
}

/** Pieces that are PostgreSQL's already, as one. */
export const rawToken = (text: string): Token => ({ kind: 'symbol', text, value: text });

/** Writes pieces down. */
export function render(nodes: readonly Node[]): string {
  return nodes
    .map((node) =>
      node.kind === 'group' ? (node.open === '(' ? `(${render(node.items)})` : `[${render(node.items)}]`) : node.text,
    )
    .join(' ');
}

/** Whether a node is one of these words. */
export const isWord = (node: Node | undefined, ...words: readonly string[]): boolean =>
  node !== undefined && node.kind === 'word' && words.includes(node.value);

/** Whether a node is this symbol. */
export const isSymbol = (node: Node | undefined, ...symbols: readonly string[]): boolean =>
  node !== undefined && node.kind === 'symbol' && symbols.includes(node.value);

/** Pieces between commas. */
export function splitAtCommas(nodes: readonly Node[]): Node[][] {
  const parts: Node[][] = [[]];
  for (const node of nodes) {
    if (isSymbol(node, ',')) parts.push([]);
    else (parts.at(-1) as Node[]).push(node);
  }
  return parts;
}
