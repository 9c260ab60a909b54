/** One message of the server's log, with what its prefix says. */
export interface ServerLogLine {
  readonly severity: string;
  readonly message: string;
  readonly pid: number | undefined;
  readonly user: string | undefined;
  readonly database: string | undefined;
  /** Milliseconds since the epoch; undefined where there is no prefix or its time zone is not UTC. */
  readonly at: number | undefined;
  /** What else is known, in the names of the original's log events (`sql_state_code`, `detail` …). */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** Between the parts of a prefix, and behind it. Names that clients give themselves have no control characters. */
const separator = '\u001f';
const end = '\u001e';

// What clients choose stands last, so that it can only spoil itself.
const parts: readonly (readonly [sequence: string, field: string])[] = [
  ['%m', 'timestamp'],
  ['%p', 'process_id'],
  ['%c', 'session_id'],
  ['%l', 'session_line_num'],
  ['%s', 'session_start_time'],
  ['%v', 'virtual_transaction_id'],
  ['%x', 'transaction_id'],
  ['%e', 'sql_state_code'],
  ['%Q', 'query_id'],
  ['%b', 'backend_type'],
  ['%i', 'command_tag'],
  ['%h', 'connection_from'],
  ['%a', 'application_name'],
  ['%d', 'database_name'],
  ['%u', 'user_name'],
];

/** The `log_line_prefix` that is read here: all that jsonlog would tell. */
export const logLinePrefix = parts.map(([sequence]) => sequence).join(separator) + end;

const severityAndText = /^([A-Z]+\d?): {2}(.*)$/s;

// Before the configuration is read the server writes without any prefix, initdb always does.
const bare = /^(?:[\w./-]+: )?(DEBUG|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|error|fatal|warning): +(.*)$/s;

const numbers = new Set(['process_id', 'session_line_num', 'transaction_id']);
/** Written where there is none. */
const nothing: Readonly<Record<string, string>> = { transaction_id: '0', query_id: '0', sql_state_code: '00000' };

/** Reads one line of the server's standard error. Lines of any other form count as `LOG`. */
export function parseServerLogLine(line: string): ServerLogLine {
  const border = line.indexOf(end);
  const values = border < 0 ? [] : line.slice(0, border).split(separator);
  const text = values.length >= parts.length ? severityAndText.exec(line.slice(border + 1)) : null;
  if (text) {
    const [, severity = 'LOG', message = ''] = text;
    const fields: Record<string, string | number> = { error_severity: severity };
    for (const [index, [, name]] of parts.entries()) {
      const value = values[index] as string;
      if (value === '' || value === nothing[name] || name === 'timestamp') continue;
      fields[name] = numbers.has(name) ? Number(value) : value;
    }
    const { process_id, user_name, database_name } = fields;
    return {
      severity,
      message,
      pid: process_id as number | undefined,
      user: user_name as string | undefined,
      database: database_name as string | undefined,
      at: momentOf(values[0] as string),
      fields,
    };
  }
  const plain = bare.exec(line);
  const severity = plain ? (plain[1] as string).toUpperCase() : 'LOG';
  return {
    severity,
    message: plain ? (plain[2] as string) : line,
    pid: undefined,
    user: undefined,
    database: undefined,
    at: undefined,
    fields: { error_severity: severity },
  };
}

function momentOf(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) (?:UTC|GMT)$/.exec(text);
  return match ? Date.parse(`${match[1]}T${match[2]}Z`) : undefined;
}

const additions: Readonly<Record<string, string>> = {
  DETAIL: 'detail',
  HINT: 'hint',
  CONTEXT: 'context',
  QUERY: 'internal_query',
  STATEMENT: 'query',
  LOCATION: 'location',
};

/** Puts what the server says more of a message (DETAIL, HINT …), which are lines of their own, to that message. */
export function joinAdditions(lines: readonly ServerLogLine[]): ServerLogLine[] {
  const joined: ServerLogLine[] = [];
  for (const line of lines) {
    const last = joined.at(-1);
    const name = additions[line.severity];
    if (name !== undefined && last !== undefined && last.pid === line.pid && line.pid !== undefined)
      joined[joined.length - 1] = { ...last, fields: { ...last.fields, [name]: line.message } };
    else joined.push(line);
  }
  return joined;
}

const routine =
  /^(starting PostgreSQL|listening on |database system (was shut down|is )|received (fast|smart) shutdown|shutting down|checkpoint |aborting any active|background worker "logical replication launcher"|(starting )?logical decoding (for slot|found)|unexpected EOF on standby connection)/;

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
