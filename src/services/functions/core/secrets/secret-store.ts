import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { functionsError } from '../../errors.ts';
import { createSecretBox } from './secret-box.ts';

/** A secret as it may be shown. */
export interface SecretDigest {
  readonly name: string;
  /** SHA-256 of its value in hex, by which a list can be compared with what was meant to be set. */
  readonly value: string;
  /** ISO 8601. */
  readonly updated_at: string;
}

/** How much may be kept. */
export interface SecretLimits {
  readonly count: number;
  /** Bytes of one value. */
  readonly size: number;
}

/** Variables of all functions, sealed on disk. */
export interface SecretStore {
  list(): readonly SecretDigest[];
  /** All values by name. @throws ServiceError `secrets_unreadable` when the file was written with another key */
  values(): Readonly<Record<string, string>>;
  /** Changes with every change of any value. */
  revision(): string;
  /** @throws ServiceError for names that are reserved or none, and beyond the limits */
  set(secrets: readonly { readonly name: string; readonly value: string }[]): void;
  /** @returns the names that were there */
  unset(names: readonly string[]): readonly string[];
}

interface Stored {
  readonly sealed: string;
  readonly digest: string;
  readonly updatedAt: string;
}

type StoredFile = Readonly<Record<string, Stored>>;

const namePattern = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

/** What the program itself hands to functions begins like this. */
const reservedPrefix = 'SUPABASE_';

/**
 * Secrets in a file of their own. Every call looks at the file, so that another process may write it.
 *
 * @param key what the file is sealed with; undefined: there can be no secrets
 * @param now milliseconds since the epoch
 */
export function createSecretStore(
  path: string,
  key: string | undefined,
  limits: SecretLimits,
  now: () => number,
): SecretStore {
  const box = key === undefined ? undefined : createSecretBox(key);
  let cached: { readonly revision: string; readonly values: Readonly<Record<string, string>> } | undefined;

  function revision(): string {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? '' : `${found.mtimeMs}:${found.ctimeMs}:${found.size}:${found.ino}`;
  }

  function read(): StoredFile {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw functionsError('secrets_unreadable', { cause: error });
    }
    try {
      return JSON.parse(text) as StoredFile;
    } catch (error) {
      throw functionsError('secrets_unreadable', { cause: error });
    }
  }

  function write(stored: StoredFile): void {
    mkdirSync(dirname(path), { recursive: true });
    const draft = `${path}.tmp`;
    writeFileSync(draft, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, path);
    cached = undefined;
  }

  return {
    list: () =>
      Object.entries(read())
        .map(([name, { digest, updatedAt }]) => ({ name, value: digest, updated_at: updatedAt }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    values() {
      const at = revision();
      if (cached?.revision === at) return cached.values;
      const stored = Object.entries(read());
      if (stored.length > 0 && box === undefined) throw functionsError('secrets_without_key');
      try {
        const values = Object.fromEntries(stored.map(([name, { sealed }]) => [name, box?.open(sealed, name) ?? '']));
        cached = { revision: at, values };
        return values;
      } catch (error) {
        throw functionsError('secrets_unreadable', { cause: error });
      }
    },
    revision,
    set(secrets) {
      if (box === undefined) throw functionsError('secrets_without_key');
      const stored: Record<string, Stored> = { ...read() };
      for (const { name, value } of secrets) {
        if (!namePattern.test(name))
          throw functionsError('secret_name', { message: `${name} is no name of a variable` });
        if (name.startsWith(reservedPrefix))
          throw functionsError('secret_name', {
            message: `Secret name must not start with the ${reservedPrefix} prefix`,
          });
        if (Buffer.byteLength(value) > limits.size) throw functionsError('secret_too_large');
        const digest = createHash('sha256').update(value).digest('hex');
        stored[name] = { sealed: box.seal(value, name), digest, updatedAt: new Date(now()).toISOString() };
      }
      if (Object.keys(stored).length > limits.count) throw functionsError('too_many_secrets');
      write(stored);
    },
    unset(names) {
      const stored: Record<string, Stored> = { ...read() };
      const present = names.filter((name) => name in stored);
      for (const name of present) delete stored[name];
      if (present.length > 0) write(stored);
      return present;
    },
  };
}
