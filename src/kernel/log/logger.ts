import { type DestinationStream, pino, stdTimeFunctions } from 'pino';

/** What code may log with; `fields` first, text second. Every line is one JSON object. */
export interface Logger {
  trace(fields: object, message?: string): void;
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  fatal(fields: object, message?: string): void;
  /**
   * A logger whose lines all carry `fields`, e.g. `{ room: 'auth' }`.
   *
   * @param options.level of this logger and its children, where it is not to be that of the parent
   */
  child(fields: object, options?: { readonly level: LogLevel }): Logger;
  isLevelEnabled(level: string): boolean;
}

/** The least weight of the lines that are written. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Where lines go and what is kept out of them. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly redact: (text: string) => string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
  /** Sees each finished line after the redactor, e.g. to collect it; must not throw. */
  readonly tap?: (line: string) => void;
}

/**
 * A logger whose lines all carry `fields`, made with its first line: most requests have none, and each would pay for it.
 */
export function lazyChild(log: Logger, fields: object): Logger {
  let made: Logger | undefined;
  const write = (level: Exclude<LogLevel, 'silent'>, about: object, message: string | undefined): void => {
    if (!log.isLevelEnabled(level)) return;
    made ??= log.child(fields);
    made[level](about, message);
  };
  return {
    trace: (about, message) => write('trace', about, message),
    debug: (about, message) => write('debug', about, message),
    info: (about, message) => write('info', about, message),
    warn: (about, message) => write('warn', about, message),
    error: (about, message) => write('error', about, message),
    fatal: (about, message) => write('fatal', about, message),
    child: (more, options) => log.child({ ...fields, ...more }, options),
    isLevelEnabled: (level) => log.isLevelEnabled(level),
  };
}

/** Creates the program's logger. The redactor sees each finished line, so nothing escapes by way of an odd field. */
export function createLogger(options: LoggerOptions): Logger {
  const { redact, tap } = options;
  const tapped = (line: string): string => {
    const shown = redact(line);
    tap?.(shown);
    return shown;
  };
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: tap ? tapped : redact },
    },
    options.destination ?? pino.destination({ fd: 1, sync: false, minLength: 0 }),
  );
}
