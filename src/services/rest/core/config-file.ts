import type { EnvEntry, EnvFile } from '#kernel/config';

/**
 * Parses a configuration file of PostgREST's own format (PostgREST 14 docs, "Config File"; the format is that of
 * Haskell's configurator): `name = value`, where a value is `"text"`, a number, `true`, `false`, `on`, `off`, or a list
 * of these in brackets; `name { … }` puts `name.` in front of what is inside; `#` begins a comment. Of a name given
 * twice the last one counts. In texts `$(name)` stands for another setting of the file or else for a variable of the
 * environment, `$$` for a dollar.
 *
 * @param lookup finds variables of the environment
 * @returns the settings under their names in the environment: `db-uri` is `PGRST_DB_URI`
 * @throws Error with the line of what cannot be understood
 */
export function parseConfigFile(path: string, text: string, lookup: (name: string) => string | undefined): EnvFile {
  const settings = new Map<string, EnvEntry>();
  const source = new Source(text.replace(/^\uFEFF/, ''));
  readBindings(source, '', 0, {
    set: (name, entry) => settings.set(name, entry),
    find: (name) => settings.get(name)?.value ?? lookup(name),
  });
  return {
    path,
    entries: new Map([...settings].map(([name, entry]) => [variableName(name), entry])),
    malformed: [],
  };
}

/** The name of a setting in the environment. Of `app.settings.…` the case is kept. */
function variableName(name: string): string {
  const [, own] = /^app\.settings\.(.+)$/.exec(name) ?? [];
  return own === undefined ? `PGRST_${name.replaceAll('-', '_').toUpperCase()}` : `PGRST_APP_SETTINGS_${own}`;
}

interface Settings {
  set(name: string, entry: EnvEntry): void;
  find(name: string): string | undefined;
}

const deepestGroup = 16;

function readBindings(source: Source, prefix: string, depth: number, settings: Settings): void {
  for (;;) {
    source.skipSpace();
    if (source.isAtEnd) {
      if (depth > 0) throw source.problem('a group is not closed');
      return;
    }
    if (depth > 0 && source.take('}')) return;
    const { line } = source;
    const name = source.match(/[\p{L}_][\p{L}\p{N}_.-]*/uy);
    if (name === undefined) throw source.problem('a name was expected');
    source.skipSpace();
    if (source.take('=')) {
      source.skipSpace();
      settings.set(prefix + name, { value: readValue(source, settings, 0), line });
    } else if (source.take('{')) {
      if (depth === deepestGroup) throw source.problem('too many groups in each other');
      readBindings(source, `${prefix}${name}.`, depth + 1, settings);
    } else throw source.problem(name === 'import' ? 'import is not served' : `= was expected behind ${name}`);
  }
}

function readValue(source: Source, settings: Settings, depth: number): string {
  if (source.take('"')) return interpolated(readText(source), source, settings);
  if (depth === 0 && source.take('[')) return readList(source, settings);
  const word = source.match(/true|false|on|off|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy);
  if (word === undefined || source.match(/[\p{L}\p{N}_.-]/uy) !== undefined)
    throw source.problem('a text in double quotes, a number, true or false was expected');
  return word;
}

/** A list is the same as its texts with commas between them. */
function readList(source: Source, settings: Settings): string {
  const items: string[] = [];
  for (;;) {
    source.skipSpace();
    if (source.take(']')) return items.join(',');
    if (items.length > 0) {
      if (!source.take(',')) throw source.problem(', or ] was expected');
      source.skipSpace();
    }
    items.push(readValue(source, settings, 1));
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

function readText(source: Source): string {
  let text = '';
  for (;;) {
    text += source.match(/[^"\\]*/y) ?? '';
    if (source.take('"')) return text;
    if (!source.take('\\')) throw source.problem('a text is not closed');
    const code = source.match(/u[\da-f]{4}/iy);
    const letter = code ?? source.match(/[nrt"\\]/y);
    if (letter === undefined) throw source.problem('an escape that is none');
    text += code === undefined ? escapes[letter] : String.fromCharCode(Number.parseInt(code.slice(1), 16));
  }
}

function interpolated(text: string, source: Source, settings: Settings): string {
  return text.replace(/\$(?:\$|\(([^)]*)\)|)/g, (found, name: string | undefined) => {
    if (found === '$$') return '$';
    const value = name === undefined ? undefined : settings.find(name);
    if (value !== undefined) return value;
    throw source.problem(name === undefined ? 'a dollar has to be written $$' : `nothing is called ${name}`);
  });
}

/** A text that is read from left to right. */
class Source {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** 1-based. */
  get line(): number {
    return this.#text.slice(0, this.#at).split('\n').length;
  }

  /** Passes white space and comments. */
  skipSpace(): void {
    this.match(/(?:\s+|#.*)*/y);
  }

  take(char: string): boolean {
    const found = this.#text.startsWith(char, this.#at);
    if (found) this.#at += char.length;
    return found;
  }

  /** @param pattern sticky */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  problem(message: string): Error {
    return new Error(`line ${this.line}: ${message}`);
  }
}
