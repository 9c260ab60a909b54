/** One statement of a script. */
export interface Statement {
  /** Without the semicolon and the white space around it; comments before and inside it are kept. */
  readonly text: string;
  /** Line of the script on which `text` starts, counted from 1. */
  readonly line: number;
  /** Line of the statement's first word, after the comments before it. */
  readonly headLine: number;
  /** Its first unquoted words in lower case, twelve at most: enough to tell what kind of statement it is. */
  readonly words: readonly string[];
}

/** A script that cannot be split: something unterminated, or a command only psql understands. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  /** Line of the script, counted from 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

// Lexical rules: PostgreSQL documentation, "Lexical Structure".
const identifier = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const lineComment = /--[^\n\r]*/y;
const number = /\d[\w.]*/y;
// Strings that follow one another on different lines are one string, of the first one's kind.
const continuation = /(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\f\v\n\r]|--[^\n\r]*[\n\r])*'/y;
const maxWords = 12;

/**
 * Splits a script into statements as psql does: semicolons count only outside of quotes, comments, parentheses and
 * the bodies of SQL-standard functions (BEGIN ATOMIC … END). Pieces without any token are left out.
 *
 * @throws ScriptError for unterminated quotes and comments, and for psql's backslash commands
 */
export function splitStatements(script: string): Statement[] {
  const statements: Statement[] = [];
  const lines = lineCounter(script);
  const nul = script.indexOf('\0');
  if (nul >= 0) throw new ScriptError('a zero byte is not SQL', lines(nul));
  let at = script.startsWith('\ufeff') ? 1 : 0;
  let start = at;
  let head = -1;
  let words: string[] = [];
  let parentheses = 0;
  let blocks = 0;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(script)?.[0];
  };
  const token = () => {
    if (head < 0) head = at;
  };
  const finish = () => {
    if (head >= 0) {
      const text = script.slice(start, at);
      const first = start + (text.length - text.trimStart().length);
      statements.push({ text: text.trim(), line: lines(first), headLine: lines(head), words });
    }
    start = at + 1;
    head = -1;
    words = [];
    parentheses = 0;
    blocks = 0;
  };

  while (at < script.length) {
    const character = script[at] as string;
    const comment = match(lineComment);
    if (comment !== undefined) {
      at += comment.length;
    } else if (script.startsWith('/*', at)) {
      at = afterBlockComment(script, at, lines);
    } else if (character === ';') {
      if (parentheses === 0 && blocks === 0) finish();
      at++;
    } else if (character === "'") {
      token();
      at = afterString(script, at, false, lines);
    } else if (character === '"') {
      token();
      at = afterQuotedIdentifier(script, at, lines);
    } else if (character === '\\') {
      at = afterPsqlCommand(script, at, head < 0, lines);
      start = at;
    } else if (/\s/.test(character)) {
      at++;
    } else {
      token();
      const word = match(identifier);
      const tag = match(dollarTag);
      if (word !== undefined) {
        at += word.length;
        const lower = word.toLowerCase();
        if (words.length < maxWords) words.push(lower);
        if (lower === 'e' && script[at] === "'") at = afterString(script, at, true, lines);
        if (lower === 'stdin' && words[0] === 'copy')
          throw new ScriptError('COPY FROM stdin needs psql, which sends the data; use INSERT', lines(head));
        if (isFunction(words)) blocks = nextDepth(blocks, lower);
      } else if (tag !== undefined) {
        at = afterDollarString(script, at, tag, lines);
      } else {
        if (character === '(') parentheses++;
        if (character === ')') parentheses = Math.max(0, parentheses - 1);
        at += match(number)?.length ?? 1;
      }
    }
  }
  finish();
  return statements;
}

function isFunction(words: readonly string[]): boolean {
  const kind = words[1] === 'or' && words[2] === 'replace' ? words[3] : words[1];
  return words[0] === 'create' && (kind === 'function' || kind === 'procedure');
}

// CASE ends with END too, but opens nothing outside of a body.
function nextDepth(depth: number, word: string): number {
  if (word === 'begin') return depth + 1;
  if (word === 'case') return depth === 0 ? 0 : depth + 1;
  return word === 'end' ? Math.max(0, depth - 1) : depth;
}

function afterString(script: string, start: number, escapes: boolean, lines: (at: number) => number): number {
  let at = start + 1;
  while (at < script.length) {
    const character = script[at];
    if (escapes && character === '\\') at += 2;
    else if (character !== "'") at++;
    else if (script[at + 1] === "'") at += 2;
    else {
      continuation.lastIndex = at + 1;
      const more = continuation.exec(script);
      if (!more) return at + 1;
      at += 1 + more[0].length;
    }
  }
  throw new ScriptError('unterminated quoted string', lines(start));
}

function afterQuotedIdentifier(script: string, start: number, lines: (at: number) => number): number {
  // A doubled quote inside reads as two identifiers side by side, which comes to the same here.
  const end = script.indexOf('"', start + 1);
  if (end < 0) throw new ScriptError('unterminated quoted identifier', lines(start));
  return end + 1;
}

function afterDollarString(script: string, start: number, tag: string, lines: (at: number) => number): number {
  const end = script.indexOf(tag, start + tag.length);
  if (end < 0) throw new ScriptError(`unterminated dollar-quoted string ${tag}`, lines(start));
  return end + tag.length;
}

function afterBlockComment(script: string, start: number, lines: (at: number) => number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let found = edge.exec(script); found; found = edge.exec(script)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  throw new ScriptError('unterminated comment', lines(start));
}

// Dumps of newer releases start with \restrict and end with \unrestrict, which only guard psql itself.
function afterPsqlCommand(
  script: string,
  start: number,
  betweenStatements: boolean,
  lines: (at: number) => number,
): number {
  const command = /\\(\S*)[^\n]*/y;
  command.lastIndex = start;
  const found = command.exec(script);
  if (found && betweenStatements && /^(un)?restrict$/.test(found[1] ?? '')) return start + found[0].length;
  throw new ScriptError(`psql command \\${found?.[1] ?? ''} is not SQL and cannot be run here`, lines(start));
}

/** Line of an offset; cheap when asked for growing offsets. */
function lineCounter(script: string): (at: number) => number {
  let known = 0;
  let line = 1;
  return (at) => {
    if (at < known) {
      known = 0;
      line = 1;
    }
    for (let next = script.indexOf('\n', known); next >= 0 && next < at; next = script.indexOf('\n', next + 1)) {
      line++;
      known = next + 1;
    }
    return line;
  };
}
