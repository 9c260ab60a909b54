import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '#kernel/errors';

/** Which database a data folder belongs to, decided at the first start and kept in `db/database.json`. */
export type DatabaseRecord =
  /** `base` holds the server's files: `.`, so that the folder may be moved, or one under `/var/lib`. */
  { readonly kind: 'embedded'; readonly base: string } | { readonly kind: 'external'; readonly host: string };

/** Where the record of a `db` folder lies. */
export const recordPath = (home: string): string => join(home, 'database.json');

/** Reads the record. @throws StartupError when it cannot be read or understood: guessing could open an empty database */
export function readRecord(home: string): DatabaseRecord | undefined {
  const path = recordPath(home);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new StartupError(`cannot read ${path} (${code})`, 'VOLUMES_DIR', error);
  }
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    if (value.kind === 'embedded' && typeof value.base === 'string') return { kind: 'embedded', base: value.base };
    if (value.kind === 'external' && typeof value.host === 'string') return { kind: 'external', host: value.host };
  } catch {
    // Falls through to the complaint below.
  }
  throw new StartupError(`${path} is damaged: it must say which database belongs to this folder`, 'VOLUMES_DIR');
}

/** Writes the record in one step. */
export function writeRecord(home: string, record: DatabaseRecord): void {
  writeWhole(recordPath(home), `${JSON.stringify(record, null, 2)}\n`);
}

/** Whose a file is to be, and who else may read it. */
export interface FileRights {
  readonly mode: number;
  /** Default: whoever writes it. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Replaces a file in one step, whatever stands under its name, and flushes it to disk. Default: everybody may read it. */
export function writeWhole(path: string, text: string, { mode, owner }: FileRights = { mode: 0o644 }): void {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = openSync(draft, 'wx', mode);
    try {
      fchmodSync(file, mode);
      if (owner) fchownSync(file, owner.uid, owner.gid);
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
