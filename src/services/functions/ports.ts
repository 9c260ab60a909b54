import type { Clock } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';

/** What functions need from the rest of the program. */
export interface FunctionsPorts {
  /** Folder of the functions where no other is configured. */
  readonly defaultFolder: string;
  readonly defaultCacheFolder: string;
  /** File of the sealed secrets. */
  readonly secretsFile: string;
  /** Working directory: relative paths count from here. */
  readonly cwd: string;
  /** Where functions reach the stack; asked at each start of a worker. */
  readonly stack: () => StackAddress;
  /** A variable of the program's own environment or env file, for `env(NAME)` in config.toml. */
  readonly variable: (name: string) => string | undefined;
  /** The database whose changes functions hear of, as a role that may do everything; undefined where there is none. */
  readonly database?: (() => ConnectionOptions) | undefined;
  /** Tells all nodes that there are triggers, and hears of it. */
  readonly triggersAnnounced?: { publish(): void; subscribe(listener: () => void): () => void };
  readonly clock?: Clock;
}

/** The stack as functions see it. */
export interface StackAddress {
  /** The gateway from this machine. */
  readonly url: string;
  /** The gateway as clients know it. */
  readonly publicUrl: string;
  readonly databaseUrl: string | undefined;
  readonly anonKey: string | undefined;
  readonly serviceRoleKey: string | undefined;
  readonly publishableKey: string | undefined;
  readonly secretKey: string | undefined;
}
