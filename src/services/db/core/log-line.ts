/** One message of the server's log, with what its prefix `%h %m [%p] %q%u@%d ` says. */
export interface ServerLogLine {
  readonly severity: string;
  readonly message: string;
  readonly pid: number | undefined;
  readonly user: string | undefined;
  readonly database: string | undefined;
}

const prefixed =
  /^(?:\S+)? ?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+ \[(\d+)\] (?:(\S*)@(\S*) )?([A-Z]+\d?): {2}(.*)$/s;

// Before the configuration is read the server writes without any prefix, initdb always does.
const bare = /^(?:[\w./-]+: )?(DEBUG|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|error|fatal|warning): +(.*)$/s;

/** Reads one line of the server's standard error. Lines of any other form count as `LOG`. */
export function parseServerLogLine(line: string): ServerLogLine {
  const match = prefixed.exec(line);
  if (match)
    return {
      severity: match[4] as string,
      message: match[5] as string,
      pid: Number(match[1]),
      user: match[2] || undefined,
      database: match[3] || undefined,
    };
  const plain = bare.exec(line);
  return {
    severity: plain ? (plain[1] as string).toUpperCase() : 'LOG',
    message: plain ? (plain[2] as string) : line,
    pid: undefined,
    user: undefined,
    database: undefined,
  };
}

const routine =
  /^(starting PostgreSQL|listening on |database system (was shut down|is )|received (fast|smart) shutdown|shutting down|checkpoint |aborting any active|background worker "logical replication launcher")/;

/** Our log level for a message: what every start and stop says is for those who look closely. */
export function levelOf(line: ServerLogLine): 'debug' | 'info' | 'warn' | 'error' | 'fatal' {
  switch (line.severity) {
    case 'PANIC':
      return 'fatal';
    case 'FATAL':
      if (line.message.startsWith('terminating connection due to administrator command')) return 'debug';
      // Of a session's end the client was told; without one it is the server's own.
      return line.user === undefined ? 'error' : 'warn';
    case 'WARNING':
      return 'warn';
    case 'LOG':
      return routine.test(line.message) ? 'debug' : 'info';
    case 'ERROR':
    case 'NOTICE':
    case 'INFO':
    case 'DETAIL':
    case 'HINT':
      return 'info';
    default:
      return 'debug';
  }
}
