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
