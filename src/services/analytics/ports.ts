import type { LogRecord } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import type { Live } from './core/live.ts';

/** What analytics needs from the rest of the program. */
export interface AnalyticsPorts {
  /** The database of the logs, where none is configured. */
  readonly database: () => ConnectionOptions;
}

/** What analytics offers others. */
export interface AnalyticsApi {
  /**
   * Keeps records for good: fulfilled once they are committed. A record whose id is there already is left as it is.
   *
   * @throws ServiceError `refused` for records that can never be kept, `buffer_full`; else the database's error
   */
  store(records: readonly LogRecord[]): Promise<void>;
  /** For the room that takes this one's place. */
  readonly heirlooms: AnalyticsHeirlooms;
}

/** What outlives a room when another takes its place: those who follow the logs live. */
export interface AnalyticsHeirlooms {
  readonly live: Live;
}
