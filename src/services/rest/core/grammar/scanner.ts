/** A text that does not follow the grammar. Positions count characters from 1. */
export class GrammarError extends Error {
  override readonly name = 'GrammarError';
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** Char code at the end of the text. */
export const end = -1;

const tabStop = 8;

/**
 * A cursor over a text that, when told to, remembers why it could not go on. Remembering costs, so a text is parsed
 * without it first; see `parseText`.
 *
 * The rules by which a failure is told are those of the Parsec library, whose messages PostgREST's clients see: of all
 * attempts the ones that came furthest count; their expectations are listed in the order they were tried; what was
 * found is written in single quotes where the end of the text had been expected, else in double quotes.
 */
export class Scanner {
  readonly text: string;
  position = 0;
  /** Levels of nesting the cursor is in. */
  depth = 0;
  readonly #maxDepth: number;
  readonly #remembers: boolean;
  #missedAt = -1;
  #found: string | undefined;
  #refused: string | undefined;
  #expected: string[] = [];

  /** @param maxDepth nesting beyond which `enter` fails */
  constructor(text: string, maxDepth: number, remembers: boolean) {
    this.text = text;
    this.#maxDepth = maxDepth;
    this.#remembers = remembers;
  }

  /** The code of the next character, or `end`. */
  peek(offset = 0): number {
    const at = this.position + offset;
    return at < this.text.length ? this.text.charCodeAt(at) : end;
  }

  /** Goes over `literal` if it is next. Says nothing about it otherwise. */
  skip(literal: string): boolean {
    if (!this.text.startsWith(literal, this.position)) return false;
    this.position += literal.length;
    return true;
  }

  /** Goes over `literal`, or notes that it was expected. */
  accept(literal: string, label?: string): boolean {
    if (this.skip(literal)) return true;
    this.missLiteral(literal, label);
    return false;
  }

  /** Goes over blanks and tabs. */
  blanks(): void {
    for (;;) {
      const code = this.peek();
      if (code !== 0x20 && code !== 0x09) return;
      this.position++;
    }
  }

  /** Notes that `label` was expected at `at` (default: here). */
  miss(label: string | undefined, at = this.position): void {
    if (!this.#remembers || at < this.#missedAt) return;
    this.#moveTo(at);
    if (label !== undefined) this.#expected.push(label);
    this.#found ??= this.#charAt(at);
  }

  /** Notes that `literal` was expected here; what is reported as found is the first character that differs. */
  missLiteral(literal: string, label?: string): void {
    const at = this.position;
    if (!this.#remembers || at < this.#missedAt) return;
    this.#moveTo(at);
    this.#expected.push(label ?? quoted(literal));
    if (this.#found !== undefined) return;
    let same = 0;
    while (same < literal.length && this.text[at + same] === literal[same]) same++;
    this.#found = this.#charAt(at + same);
  }

  /** Notes that the end of the text, or the absence of what is there, was expected. */
  missEnd(label: string | undefined = 'end of input', at = this.position): void {
    if (!this.#remembers || at < this.#missedAt) return;
    this.#moveTo(at);
    if (label !== undefined) this.#expected.push(label);
    if (at < this.text.length) this.#refused ??= this.#charAt(at);
    else this.#found ??= '';
  }

  /** Goes back to try something else, and forgets what was noted: the next attempt is under way already. */
  rewind(position: number): void {
    this.position = position;
    this.#missedAt = -1;
  }

  /** Goes one level deeper. @throws GrammarError beyond the limit */
  enter(): void {
    if (++this.depth > this.#maxDepth) {
      const [line, column] = this.#place(this.position);
      throw new GrammarError(`nesting is limited to ${this.#maxDepth} levels`, line, column);
    }
  }

  leave(): void {
    this.depth--;
  }

  /** What was noted at the furthest position, as an error. */
  failure(): GrammarError {
    const [line, column] = this.#place(Math.max(this.#missedAt, 0));
    return new GrammarError(this.#describe(), line, column);
  }

  #moveTo(at: number): void {
    if (at === this.#missedAt) return;
    this.#missedAt = at;
    this.#found = undefined;
    this.#refused = undefined;
    this.#expected = [];
  }

  #charAt(at: number): string {
    const code = this.text.codePointAt(at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #describe(): string {
    const parts: string[] = [];
    if (this.#refused !== undefined) parts.push(`unexpected '${this.#refused}'`);
    else if (this.#found !== undefined)
      parts.push(`unexpected ${this.#found === '' ? 'end of input' : quoted(this.#found)}`);
    const labels = [...new Set(this.#expected)];
    const last = labels.pop();
    if (last !== undefined) parts.push(`expecting ${labels.length > 0 ? `${labels.join(', ')} or ${last}` : last}`);
    return parts.length > 0 ? parts.join(' ') : 'unknown parse error';
  }

  #place(at: number): [line: number, column: number] {
    let line = 1;
    let column = 1;
    for (const char of this.text.slice(0, at)) {
      if (char === '\n') {
        line++;
        column = 1;
      } else if (char === '\t') column += tabStop - ((column - 1) % tabStop);
      else column++;
    }
    return [line, column];
  }
}

/**
 * Parses a text by a rule that throws `failure()` of the scanner where it cannot go on.
 *
 * @throws GrammarError
 */
export function parseText<T>(text: string, maxDepth: number, rule: (s: Scanner) => T): T {
  try {
    return rule(new Scanner(text, maxDepth, false));
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    return rule(new Scanner(text, maxDepth, true));
  }
}

/** A literal as failures show it. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
