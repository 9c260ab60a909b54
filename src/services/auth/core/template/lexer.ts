/** A piece of an action: `if`, `.Data.name`, `"text"`, `|`. */
export type Token =
  | { readonly kind: 'word'; readonly text: string }
  /** Names after dots; `.` alone has none. `root` is the variable they start from, e.g. `$x` in `$x.Name`. */
  | { readonly kind: 'field'; readonly root: string | undefined; readonly path: readonly string[] }
  | { readonly kind: 'value'; readonly value: string | number }
  | { readonly kind: 'mark'; readonly text: '(' | ')' | '|' | ':=' | '=' | ',' };

/** A template cut into literal text and actions. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[] };

/** What is wrong with a template. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const tokenForm =
  /\s+|"(?:[^"\\]|\\.)*"|`[^`]*`|-?\d+(?:\.\d+)?|\$[\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*|\.(?:[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*)?|[\p{L}_][\p{L}\p{N}_]*|:=|[()|=,]/uy;

/**
 * Cuts a template of Go's `text/template` syntax into pieces. Dashes inside the delimiters (`{{- -}}`) trim the
 * surrounding text; comments vanish.
 *
 * @throws TemplateError
 */
export function cutTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  const addText = (raw: string, trimEnd: boolean): void => {
    let text = trimNext ? raw.trimStart() : raw;
    if (trimEnd) text = text.trimEnd();
    if (text !== '') pieces.push({ kind: 'text', text });
  };
  for (;;) {
    const open = source.indexOf('{{', at);
    if (open < 0) {
      addText(source.slice(at), false);
      return pieces;
    }
    const trimBefore = /^-\s/.test(source.slice(open + 2, open + 4));
    addText(source.slice(at, open), trimBefore);
    const start = open + 2 + (trimBefore ? 2 : 0);
    const { tokens, end, trimAfter } = readAction(source, start);
    if (tokens) pieces.push({ kind: 'action', tokens });
    trimNext = trimAfter;
    at = end;
  }
}

function readAction(source: string, start: number): { tokens: Token[] | undefined; end: number; trimAfter: boolean } {
  const comment = /\s*\/\*[\s\S]*?\*\/(\s-)?\s*\}\}/y;
  comment.lastIndex = start;
  const commented = comment.exec(source);
  if (commented) return { tokens: undefined, end: comment.lastIndex, trimAfter: commented[1] !== undefined };
  const tokens: Token[] = [];
  let at = start;
  for (;;) {
    const close = /\s-\}\}|\}\}/y;
    close.lastIndex = at;
    const closing = close.exec(source);
    if (closing) return { tokens, end: close.lastIndex, trimAfter: closing[0] !== '}}' };
    tokenForm.lastIndex = at;
    const match = tokenForm.exec(source);
    if (!match || match[0] === '')
      throw new TemplateError(`unexpected text in an action: ${source.slice(at, at + 20)}`);
    at = tokenForm.lastIndex;
    const token = tokenOf(match[0]);
    if (token) tokens.push(token);
  }
}

function tokenOf(text: string): Token | undefined {
  const first = text[0] as string;
  if (/\s/.test(first)) return undefined;
  if (first === '"') return { kind: 'value', value: unquote(text) };
  if (first === '`') return { kind: 'value', value: text.slice(1, -1) };
  if (/[-\d]/.test(first)) return { kind: 'value', value: Number(text) };
  if (first === '.') return { kind: 'field', root: undefined, path: text === '.' ? [] : text.slice(1).split('.') };
  if (first === '$') {
    const [root = '$', ...path] = text.split('.');
    return { kind: 'field', root, path };
  }
  if (/[()|=,:]/.test(first)) return { kind: 'mark', text: text as '(' };
  return { kind: 'word', text };
}

function unquote(text: string): string {
  const plain: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', "'": "'", '\\': '\\' };
  return text.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g, (_all, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const meant = plain[code];
    if (meant === undefined) throw new TemplateError(`unknown escape \\${code}`);
    return meant;
  });
}
