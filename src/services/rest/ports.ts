import type { Clock } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';

/** What rest needs from elsewhere. */
export interface RestPorts {
  /** Where the database is, under the role that may become all API roles (`authenticator`). Asked for at start. */
  readonly database: () => ConnectionOptions;
  /** Whether clients can connect to this service; asked by `/live` and `/ready`. Default: they can. */
  readonly acceptsClients?: () => Promise<boolean>;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** What rest offers to other rooms. */
export interface RestApi {
  /** Reads the schema again. Resolves when the new one is in force. @throws when it cannot be read */
  reloadSchema(): Promise<void>;
}
