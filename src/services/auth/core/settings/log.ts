import { string } from '#kernel/config';
import type { Logger, LogLevel } from '#kernel/log';

/** Names of levels as GoTrue has them, and those of this program's log. */
const levels: Readonly<Record<string, LogLevel>> = {
  panic: 'fatal',
  fatal: 'fatal',
  error: 'error',
  warn: 'warn',
  warning: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
};

/** Settings of what the room writes into the log. */
export const logSettings = {
  logLevel: string({
    name: 'GOTRUE_LOG_LEVEL',
    pattern: [
      new RegExp(`^(${Object.keys(levels).join('|')})?$`, 'i'),
      `must be one of ${Object.keys(levels).join(', ')}`,
    ],
    help: `Least level of this service's lines, where it is not that of STACK_LOG_LEVEL: ${Object.keys(levels).join(', ')}.`,
  }),
};

/** The room's log at the level that is set for it. @param level value of GOTRUE_LOG_LEVEL */
export function leveled(log: Logger, level: string | undefined): Logger {
  const own = level && levels[level.toLowerCase()];
  return own ? log.child({}, { level: own }) : log;
}
