import type { SharedPort } from '#kernel/http';
import type { Clock } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';
import type { Reload } from './core/engine.ts';
import type { RestSettings } from './settings.ts';

export type { Reload };

/** What rest needs from elsewhere. */
export interface RestPorts {
  /** Where the database is, under the role that may become all API roles (`authenticator`). Asked for at start. */
  readonly database: () => ConnectionOptions;
  /** Whether clients can connect to this service; asked by `/live` and `/ready`. Default: they can. */
  readonly acceptsClients?: () => Promise<boolean>;
  /**
   * The settings as they stand in the files now; asked for whenever the configuration is read anew. Default: those given at
   * creation. @throws when they cannot be used
   */
  readonly currentSettings?: () => RestSettings;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** What rest offers to other rooms. */
export interface RestApi {
  /** Asks for the schema or the configuration to be read again, as a notification does. Never throws. */
  requestReload(what: Reload): void;
  /** Reads the schema again. Resolves when the new one is in force. @throws when it cannot be read */
  reloadSchema(): Promise<void>;
  /** For the room that takes this one's place. */
  readonly heirlooms: RestHeirlooms;
}

/** What outlives a room when another takes its place. */
export interface RestHeirlooms {
  readonly adminPort: SharedPort;
}
