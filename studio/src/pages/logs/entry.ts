import { dashboardPaths, type LogFilter, type LogService, logServices, type Severity } from '../../sql/logs.ts';

/** A line as the log store gives it, by query or live. */
export interface LogRow {
  readonly id: string;
  /** Microseconds since the epoch. */
  readonly timestamp: number;
  readonly source: string;
  readonly event_message: string;
  readonly metadata: unknown;
}

/** A line, read. */
export interface LogEntry {
  readonly id: string;
  readonly timestamp: number;
  /** Undefined for streams of others. */
  readonly service: LogService | undefined;
  readonly source: string;
  readonly severity: Severity;
  readonly status: string | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly requestId: string | undefined;
  /** What it says on one line. */
  readonly title: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const errors = new Set(['error', 'fatal', 'panic', 'critical']);
const warnings = new Set(['warn', 'warning']);

/** Reads a line. Queries give maps as lists of one, as the original's do. */
export function entryOf({ id, timestamp, source, event_message: message, metadata: given }: LogRow): LogEntry {
  const unwrapped = unwrap(given);
  const metadata = isMap(unwrapped) ? unwrapped : {};
  const at = (...path: readonly string[]): string | undefined => textAt(metadata, path);
  const status = at('response', 'status_code') ?? at('res', 'statusCode') ?? at('status');
  const path = at('request', 'path') ?? at('request', 'pathname') ?? at('req', 'url') ?? at('path');
  const method = at('request', 'method') ?? at('req', 'method') ?? at('method');
  const level = (at('parsed', 'error_severity') ?? at('level'))?.toLowerCase() ?? '';
  return {
    id,
    timestamp,
    source,
    service: logServices.find((each) => each.source === source)?.key,
    severity:
      errors.has(level) || /^5\d\d$/.test(status ?? '')
        ? 'error'
        : warnings.has(level) || /^4\d\d$/.test(status ?? '')
          ? 'warn'
          : 'info',
    status,
    method,
    path,
    requestId: at('request_id') ?? at('reqId'),
    title: method !== undefined && path !== undefined ? `${method} ${path}` : firstLine(at('msg') ?? message),
    message,
    metadata,
  };
}

/** Whether a line that came live is one of those asked for; as `conditions` of the query has it. */
export function isWanted(entry: LogEntry, filter: LogFilter): boolean {
  const { service, severity, status, path, search, request, dashboard } = filter;
  return (
    (service === undefined || entry.service === service) &&
    (severity === undefined || entry.severity === severity) &&
    (status === undefined || (entry.status?.length === 3 && entry.status.startsWith(status.charAt(0)))) &&
    (dashboard || !new RegExp(dashboardPaths).test(entry.path ?? '')) &&
    (path === '' || (entry.path ?? '').toLowerCase().includes(path.toLowerCase())) &&
    (search === '' || entry.message.toLowerCase().includes(search.toLowerCase())) &&
    (request === '' || entry.requestId === request)
  );
}

/** What came live and what is kept as one list, each line once, the newest first. */
export function merged(live: readonly LogEntry[], kept: readonly LogEntry[]): readonly LogEntry[] {
  const known = new Set(kept.map(({ id }) => id));
  const fresh = live.filter(({ id }) => !known.has(id));
  if (fresh.length === 0) return kept;
  return [...fresh, ...kept].sort((a, b) => b.timestamp - a.timestamp || (a.id < b.id ? 1 : -1));
}

const firstLine = (text: string): string => text.split('\n', 1)[0] as string;

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 && isMap(value[0]) ? unwrap(value[0]) : value.map(unwrap);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unwrap(each)]));
}

function textAt(value: unknown, path: readonly string[]): string | undefined {
  let found = value;
  for (const name of path) found = isMap(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
}
