import type { Clock } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';

/** What auth needs from elsewhere. */
export interface AuthPorts {
  /** Where the database is, under the role that owns schema `auth`. Asked for at start. */
  readonly database: () => ConnectionOptions;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}
