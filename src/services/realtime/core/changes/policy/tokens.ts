/** A token of an expression as `pg_get_expr` writes it. */
export interface Token {
  /** `word` stands for keywords and names, qualified ones in one piece; names in quotes are `name`. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol';
  readonly text: string;
}

const pattern =
  /\s+|(?<string>E?'(?:[^'\\]|''|\\.)*')|(?<name>(?:"(?:[^"]|"")*"|[a-z_][\w$]*)(?:\.(?:"(?:[^"]|"")*"|[a-z_][\w$]*))*)|(?<word>[A-Z]+)|(?<number>\d+(?:\.\d+)?)|(?<symbol>::|->>|->|<>|[-+*/<>=~!@#%^&|`?]+|[(),[\].:;])/y;

/** Takes an expression apart. @returns undefined for what this does not know */
export function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const scanner = new RegExp(pattern);
  while (scanner.lastIndex < text.length) {
    const groups = scanner.exec(text)?.groups;
    if (!groups) return undefined;
    const { string, name, word, number, symbol } = groups;
    if (string !== undefined) {
      if (string.startsWith('E')) return undefined;
      tokens.push({ kind: 'string', text: string.slice(1, -1).replaceAll("''", "'") });
    } else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol });
  }
  return tokens;
}

/** A name without its quotes; undefined for a qualified one. */
export function plainName(text: string): string | undefined {
  if (text.startsWith('"')) {
    const inner = text.slice(1, -1);
    return text.endsWith('"') && !/(^|[^"])"([^"]|$)/.test(inner) ? inner.replaceAll('""', '"') : undefined;
  }
  return text.includes('.') ? undefined : text;
}
