/** A piece of SQL. Put together again, all pieces are the text they came from. */
export interface Token {
  readonly kind: 'space' | 'comment' | 'word' | 'name' | 'text' | 'number' | 'mark';
  readonly text: string;
  /** Where it begins. */
  readonly at: number;
}

// PostgreSQL 4.1, "Lexical Structure", in the order in which they have to be tried.
const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /--[^\n\r]*/y],
  ['text', /e'(?:[^'\\]|''|\\[\s\S])*(?:'|$)/iy],
  ['text', /(?:u&|[bxn])?'(?:[^']|'')*(?:'|$)/iy],
  ['name', /(?:u&)?"(?:[^"]|"")*(?:"|$)/iy],
  ['word', /[\p{L}_\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*/uy],
  ['number', /(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?/iy],
  ['mark', /::|\$\d+|[^\s]/uy],
];
const dollarTag = /\$(?:[\p{L}_\u0080-\uffff][\p{L}\p{N}_\u0080-\uffff]*)?\$/uy;

/** Cuts SQL into its pieces; what is not closed reaches to the end. */
export function lex(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const { kind, end } = next(sql, at);
    tokens.push({ kind, text: sql.slice(at, end), at });
    at = end;
  }
  return tokens;
}

function next(sql: string, at: number): { readonly kind: Token['kind']; readonly end: number } {
  if (sql.startsWith('/*', at)) return { kind: 'comment', end: endOfComment(sql, at) };
  dollarTag.lastIndex = at;
  const tag = dollarTag.exec(sql)?.[0];
  if (tag !== undefined) {
    const close = sql.indexOf(tag, at + tag.length);
    return { kind: 'text', end: close < 0 ? sql.length : close + tag.length };
  }
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(sql)?.[0];
    if (found) return { kind, end: at + found.length };
  }
  return { kind: 'mark', end: at + 1 };
}

// They nest.
function endOfComment(sql: string, begin: number): number {
  let depth = 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = begin;
  for (let found = mark.exec(sql); found; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

/** The pieces that say something: no spaces, no comments. */
export const meaning = (tokens: readonly Token[]): readonly Token[] =>
  tokens.filter(({ kind }) => kind !== 'space' && kind !== 'comment');
