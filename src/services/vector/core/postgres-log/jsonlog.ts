import type { EntryNews } from '#kernel/log';

/** The server's name of a field → the original's, where they differ (PostgreSQL documentation, 19.8.5). */
const renamed: Readonly<Record<string, string>> = {
  user: 'user_name',
  dbname: 'database_name',
  pid: 'process_id',
  remote_host: 'connection_from',
  line_num: 'session_line_num',
  ps: 'command_tag',
  session_start: 'session_start_time',
  vxid: 'virtual_transaction_id',
  txid: 'transaction_id',
  state_code: 'sql_state_code',
  statement: 'query',
};

/** Reads a line of PostgreSQL's jsonlog; undefined where it is none, e.g. cut off by a crash. */
export function parseJsonLog(line: string): Omit<EntryNews, 'kind'> | undefined {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { timestamp, message, ...others } = fields;
  if (typeof timestamp !== 'string') return undefined;
  const parsed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(others)) parsed[renamed[name] ?? name] = value;
  return {
    room: 'postgres',
    at: momentOf(timestamp),
    message: typeof message === 'string' ? message : '',
    fields: parsed,
  };
}

// `2026-11-26 08:00:00.123 UTC`; a zone that JavaScript does not know counts as UTC.
function momentOf(text: string): number {
  const [date, time, zone = 'UTC'] = text.split(' ');
  return Date.parse(`${date} ${time} ${zone}`) || Date.parse(`${date}T${time}Z`) || Date.now();
}
