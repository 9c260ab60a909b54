import type { LogBus, LogRecord } from '#kernel/log';

/** What vector needs from the rest of the program. */
export interface VectorPorts {
  /** Where the program's own events come from. */
  readonly bus?: LogBus | undefined;
  /**
   * Keeps records for good, all or none; the same record twice is the same as once.
   *
   * @throws anything where it could not; a ServiceError `refused` where it never will
   */
  readonly store?: ((records: readonly LogRecord[]) => Promise<void>) | undefined;
  /** Folder of buffers where none is configured. */
  readonly defaultFolder: string;
  /** Relative paths count from here. */
  readonly cwd: string;
}

/** What vector offers others. */
export interface VectorApi {
  /** Takes in a message of the database server's log. */
  readonly postgres: (message: PostgresMessage) => void;
}

/** A message of a PostgreSQL server, in the names of its jsonlog where they are the same. */
export interface PostgresMessage {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
  /** `error_severity`, `user_name`, `database_name`, `process_id` … */
  readonly parsed: Readonly<Record<string, unknown>>;
}
