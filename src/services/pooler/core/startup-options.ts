/** The `options` parameter, taken apart. */
export interface StartupOptions {
  /** Tenant named by `reference=…`. */
  readonly reference: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
}

/**
 * Reads the `options` parameter: the server's command line with `-c name=value`, `-cname=value` and `--name=value`,
 * where a backslash quotes the next character; besides `reference=TENANT`. @returns undefined for anything else
 */
export function parseOptions(text: string): StartupOptions | undefined {
  let reference: string | undefined;
  const settings = new Map<string, string>();
  const words = splitWords(text);
  for (let index = 0; index < words.length; index++) {
    let word = words[index] as string;
    if (word.startsWith('reference=')) {
      reference = word.slice('reference='.length);
      continue;
    }
    if (word === '-c') word = words[++index] ?? '';
    else if (word.startsWith('-c')) word = word.slice(2);
    else if (word.startsWith('--')) word = word.slice(2);
    else return undefined;
    const at = word.indexOf('=');
    if (at < 1) return undefined;
    const name = word.slice(0, at).replaceAll('-', '_');
    if (!/^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)*$/.test(name)) return undefined;
    settings.set(name, word.slice(at + 1));
  }
  return { reference, settings };
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (character === '\\') word = (word ?? '') + (text[++index] ?? '');
    else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Whether the server would read this text as true. */
export const isTrue = (text: string): boolean => /^(t|tr|tru|true|y|ye|yes|on|1)$/i.test(text);
