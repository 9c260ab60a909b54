import type { Clock, Health, Mount } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';

/** What the dashboard tells of the project, for connecting to it. Nothing of it is secret. */
export interface ProjectInfo {
  /** Base URL that clients use. */
  readonly url: string;
  readonly anonKey: string | undefined;
  readonly publishableKey: string | undefined;
  readonly database: {
    readonly host: string;
    readonly name: string;
    readonly sessionPort: number;
    readonly transactionPort: number | undefined;
  };
}

/** Secrets an operator may have shown; each showing is noted in the audit log. */
export const secretNames = ['service_role_key', 'secret_key', 'database_password', 'jwt_secret'] as const;

/** One of them. */
export type SecretName = (typeof secretNames)[number];

/** Hashing of passwords and one-time codes, as auth does it. */
export interface Credentials {
  /** @throws ServiceError when too many wait */
  hashPassword(password: string): Promise<string>;
  /** Takes as long without a hash to compare to. @throws ServiceError when too many wait */
  verifyPassword(password: string, hash: string | null): Promise<boolean>;
  newTotpSecret(): string;
  totpUri(secret: string, issuer: string, account: string): string;
  /** The step of a code that was not used before, or undefined. @param after step used last */
  matchTotp(secret: string, code: string, after: number, now: number): number | undefined;
}

/** What the studio room needs of others. */
export interface StudioPorts {
  readonly health: () => Promise<Readonly<Record<string, Health & { readonly required: boolean }>>>;
  /** The database of the stack, as a role that may do everything: operators, sessions and the audit log are there. */
  readonly database: () => ConnectionOptions;
  /** Credentials of the first operator, an owner. Without a password that account is closed. */
  readonly owner: { readonly username: string; readonly password: string | undefined };
  /** Undefined where auth does not run in this process. */
  readonly credentials: () => Credentials | undefined;
  /** The handler of another room of this process. */
  readonly mount: (name: string) => Mount | undefined;
  /** What rooms take for the server's own token. */
  readonly serviceKey: () => string | undefined;
  /** Value of `x-connection-encrypted`: how meta connects for an operator. Undefined where meta does not run here. */
  readonly sealedConnection: (access: 'write' | 'read') => string | undefined;
  readonly project: () => ProjectInfo;
  readonly secret: (name: SecretName) => string | undefined;
  /** Encrypts what is kept of passwords and second factors; with another one they have to be set anew. */
  readonly sealingSecret: string | undefined;
  /** Folder of the built dashboard; default: that of this clone. */
  readonly assets?: string;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}
