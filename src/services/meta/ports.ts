import type { ConnectionOptions } from '#kernel/sql';

/** What the meta room needs of others. */
export interface MetaPorts {
  /** The database of the stack, as a role that may do everything. */
  readonly database: () => ConnectionOptions;
}
