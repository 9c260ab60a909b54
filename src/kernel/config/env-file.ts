import { readFileSync } from 'node:fs';

/** One assignment of a `.env` file with the line it stands on (1-based), for messages that name the place. */
export interface EnvEntry {
  readonly value: string;
  readonly line: number;
}

/** A parsed `.env` file. Of a key given twice the last one counts, as in Docker Compose. */
export interface EnvFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, EnvEntry>;
  /** Lines that are no assignment. */
  readonly malformed: readonly number[];
}

/** Reads and parses a `.env` file. @param lookup resolves `${NAME}` not set earlier in the file, e.g. the environment */
export function readEnvFile(path: string, lookup: (name: string) => string | undefined): EnvFile {
  return parseEnvFile(path, readFileSync(path, 'utf8'), lookup);
}

/**
 * Parses Docker Compose's `.env` syntax: `KEY=value`, optional `export`, `#` comments (after white space when the value
 * is unquoted), single quotes (literal but for `\'`), double quotes (escapes, may span lines), `$NAME`, `${NAME}`, `${NAME:-default}`,
 * `${NAME-default}`, `${NAME:+other}`, `$$` for a dollar.
 */
export function parseEnvFile(path: string, text: string, lookup: (name: string) => string | undefined): EnvFile {
  const entries = new Map<string, EnvEntry>();
  const malformed: number[] = [];
  const resolve = (name: string) => entries.get(name)?.value ?? lookup(name);
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const start = index + 1;
    const line = lines[index] as string;
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=[ \t]*(.*)$/s.exec(line);
    if (!match) {
      malformed.push(start);
      continue;
    }
    const [, key, rest] = match as unknown as [string, string, string];
    const quote = rest[0];
    if (quote === "'" || quote === '"') {
      let body = rest.slice(1);
      let end = closingQuote(body, quote);
      while (end < 0 && index + 1 < lines.length) {
        body += `\n${lines[++index]}`;
        end = closingQuote(body, quote);
      }
      if (end < 0) {
        malformed.push(start);
        index = start - 1;
        continue;
      }
      const raw = body.slice(0, end);
      entries.set(key, {
        value: quote === "'" ? unescapeLiteral(raw) : interpolate(unescapeQuoted(raw), resolve),
        line: start,
      });
    } else {
      const bare = rest.replace(/(^|\s)#.*$/, '').trimEnd();
      entries.set(key, { value: interpolate(bare, resolve), line: start });
    }
  }
  return { path, entries, malformed };
}

function closingQuote(text: string, quote: string): number {
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === quote) return index;
  }
  return -1;
}

// Between single quotes only the quote itself can be escaped; every other backslash stays.
function unescapeLiteral(text: string): string {
  return text.replace(/\\(.)/gs, (whole, next: string) => (next === "'" ? next : whole));
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

// `\$` becomes `$$`, which interpolation turns into one literal dollar.
function unescapeQuoted(text: string): string {
  return text.replace(/\\(.)/gs, (whole, next: string) => (next === '$' ? '$$' : (escapes[next] ?? whole)));
}

function interpolate(text: string, resolve: (name: string) => string | undefined): string {
  let result = '';
  for (let index = 0; index < text.length; ) {
    const rest = text.slice(index);
    if (rest.startsWith('$$')) {
      result += '$';
      index += 2;
      continue;
    }
    const bare = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(rest);
    if (bare) {
      result += resolve(bare[1] as string) ?? '';
      index += bare[0].length;
      continue;
    }
    const head = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?/.exec(rest);
    const end = head ? matchingBrace(rest) : -1;
    if (!head || end < 0) {
      result += rest[0];
      index += 1;
      continue;
    }
    const value = resolve(head[1] as string);
    const operator = head[2] ?? '';
    const word = () => interpolate(rest.slice(head[0].length, end), resolve);
    const present = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    if (operator.endsWith('-')) result += present ? value : word();
    else if (operator.endsWith('+')) result += present ? word() : '';
    else result += value ?? '';
    index += end + 1;
  }
  return result;
}

function matchingBrace(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text.startsWith('${', index)) depth++;
    else if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}
