import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '#kernel/errors';
import { writeWhole } from './record.ts';
import type { ServerPlace } from './server-place.ts';

/** A root key of the vault; the first of the file is the current one. */
export interface VaultKey {
  /** Eight hexadecimal digits. */
  readonly id: string;
  /** 64 hexadecimal digits. */
  readonly key: string;
}

const heading = '# Root keys of the vault, the current one first. Whoever loses them loses all secrets: keep a copy.';

/** Where the keys lie: beside the data directory, so that a copy of the database says nothing of the secrets in it. */
export const vaultKeyPath = (base: string): string => join(base, 'vault.key');

/** Makes the first key where there is none. Only the server's user may read the file. @throws StartupError */
export function ensureVaultKeys(place: Pick<ServerPlace, 'base' | 'user' | 'dropsPrivileges'>): void {
  const path = vaultKeyPath(place.base);
  if (readVaultKeys(path).length > 0) return;
  writeWhole(path, render([newKey()]), { mode: 0o600, ...(place.dropsPrivileges && { owner: place.user }) });
}

/** @returns the keys of a file; none where there is no such file @throws StartupError for a file that holds something else */
export function readVaultKeys(path: string): readonly VaultKey[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new StartupError(`cannot read ${path} (${code})`, 'VOLUMES_DIR', error);
  }
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const keys = lines.map((line) => /^([0-9a-f]{8}) ([0-9a-f]{64})$/.exec(line));
  if (keys.length === 0 || keys.includes(null))
    throw new StartupError(`${path} is damaged: it must hold the root keys of the vault; restore it`, 'VOLUMES_DIR');
  return keys.map((match) => ({ id: match?.[1] ?? '', key: match?.[2] ?? '' }));
}

/** Puts a new key before the others. @returns its id */
export function addVaultKey(path: string): string {
  const key = newKey();
  replace(path, [key, ...readVaultKeys(path)]);
  return key.id;
}

/** Removes the keys that are neither current nor wanted. @returns their ids */
export function dropVaultKeys(path: string, wanted: ReadonlySet<string>): readonly string[] {
  const keys = readVaultKeys(path);
  const kept = keys.filter(({ id }, index) => index === 0 || wanted.has(id));
  if (kept.length < keys.length) replace(path, kept);
  return keys.filter((key) => !kept.includes(key)).map(({ id }) => id);
}

function replace(path: string, keys: readonly VaultKey[]): void {
  const { uid, gid } = statSync(path);
  writeWhole(path, render(keys), { mode: 0o600, ...(process.getuid?.() === 0 && { owner: { uid, gid } }) });
}

const newKey = (): VaultKey => ({ id: randomBytes(4).toString('hex'), key: randomBytes(32).toString('hex') });

const render = (keys: readonly VaultKey[]): string =>
  `${[heading, ...keys.map(({ id, key }) => `${id} ${key}`)].join('\n')}\n`;
