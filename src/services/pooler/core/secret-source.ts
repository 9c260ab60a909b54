import { randomBytes } from 'node:crypto';
import { parseSecret, type ScramVerifier, type StoredSecret, scramKeys } from './secret.ts';

/** What is known of a role's password. */
export type FoundSecret =
  | Extract<StoredSecret, { kind: 'md5' }>
  /** `password` is there when the secret was made from it, since the server's own cannot be read. */
  | (ScramVerifier & { readonly password?: string })
  /** The role is there, but nobody can log in as it: no password, or one that has expired. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' };

/** Where secrets come from. */
export interface SecretSourceOptions {
  /** The stored secret of a role (null: none), undefined where there is no such role, `unreadable` where we may not see it. */
  readonly look: (role: string) => Promise<string | null | undefined | 'unreadable'>;
  /** What roles are tried with whose secret is unreadable: the password that all service roles share. */
  readonly sharedPassword: string | undefined;
  /** Milliseconds an answer is good for. */
  readonly keep: number;
  readonly limit: number;
  readonly now: () => number;
}

/** Finds the secrets of roles. Logins at one moment share a look-up. */
export interface SecretSource {
  find(role: string): Promise<FoundSecret>;
  /** Forgets what was found, since it did not fit. */
  doubt(role: string): void;
  clear(): void;
}

const iterations = 4_096;

/** Creates a source of secrets. */
export function createSecretSource(options: SecretSourceOptions): SecretSource {
  const found = new Map<string, { readonly secret: Promise<FoundSecret>; readonly until: number }>();
  let shared: Promise<FoundSecret> | undefined;

  async function look(role: string): Promise<FoundSecret> {
    const text = await options.look(role);
    if (text === 'unreadable') {
      if (options.sharedPassword === undefined) return { kind: 'none' };
      shared ??= madeSecret(options.sharedPassword);
      return shared;
    }
    if (text === undefined) return { kind: 'unknown' };
    return (text === null ? undefined : parseSecret(text)) ?? { kind: 'none' };
  }

  return {
    find(role) {
      const known = found.get(role);
      if (known && known.until > options.now()) return known.secret;
      found.delete(role);
      if (found.size >= options.limit) found.delete(found.keys().next().value as string);
      const secret = look(role);
      found.set(role, { secret, until: options.now() + options.keep });
      secret.catch(() => found.delete(role));
      return secret;
    },
    doubt: (role) => void found.delete(role),
    clear: () => found.clear(),
  };
}

/** What the server would keep of a password; it comes along, to log in upstream with. */
export async function madeSecret(password: string): Promise<FoundSecret> {
  const salt = randomBytes(16);
  const { storedKey, serverKey } = await scramKeys(password, salt, iterations);
  return { kind: 'scram', iterations, salt: salt.toString('base64'), storedKey, serverKey, password };
}
