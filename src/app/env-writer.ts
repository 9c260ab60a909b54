import { closeSync, existsSync, fchmodSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Appends settings to an env file (made with mode 0600). The file is replaced as a whole, so that a crash leaves either
 * the old or the new one; nothing that stands in it is changed.
 */
export function appendToEnvFile(path: string, comment: string, entries: ReadonlyMap<string, string>): void {
  if (entries.size === 0) return;
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const gap = before === '' ? '' : before.endsWith('\n') ? '\n' : '\n\n';
  writeWhole(path, `${before}${gap}# ${comment}\n${render(entries)}`);
}

/** Replaces the values of some names, keeping the rest of the file as it is; names that are not there are appended. */
export function replaceInEnvFile(path: string, comment: string, entries: ReadonlyMap<string, string>): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const rest = new Map(entries);
  const lines = before.split('\n').map((line) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line)?.[1];
    const value = name === undefined ? undefined : entries.get(name);
    if (name === undefined || value === undefined) return line;
    rest.delete(name);
    return `${name}=${value}`;
  });
  if (before !== '') writeWhole(`${path}.old`, before);
  writeWhole(path, lines.join('\n'));
  appendToEnvFile(path, comment, rest);
}

/**
 * An env file that says exactly this, whatever characters values have.
 *
 * @param comment its first line
 */
export const renderEnvFile = (comment: string, entries: ReadonlyMap<string, string>): string =>
  `# ${comment}\n${[...entries].map(([name, value]) => `${name}="${value.replace(/[\\"$\n\r]/g, escaped)}"\n`).join('')}`;

const escaped = (character: string): string =>
  character === '\n' ? '\\n' : character === '\r' ? '\\r' : `\\${character}`;

const render = (entries: ReadonlyMap<string, string>): string =>
  [...entries].map(([name, value]) => `${name}=${value}\n`).join('');

/** Replaces a file as a whole (mode 0600), so that a crash leaves either the old or the new one. */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    fchmodSync(file, 0o600);
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path) || '.', 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
