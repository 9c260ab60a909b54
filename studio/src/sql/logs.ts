import { quoteText } from './quote.ts';

/** Where log lines come from: how it is called, the view of the log store that has it, and its stream there. */
export const logServices = [
  { key: 'gateway', label: 'Gateway', view: 'edge_logs', source: 'cloudflare.logs.prod' },
  { key: 'database', label: 'Database', view: 'postgres_logs', source: 'postgres.logs' },
  { key: 'auth', label: 'Auth', view: 'auth_logs', source: 'gotrue.logs.prod' },
  { key: 'rest', label: 'REST', view: 'postgrest_logs', source: 'postgREST.logs.prod' },
  { key: 'storage', label: 'Storage', view: 'storage_logs', source: 'storage.logs.prod.2' },
  { key: 'realtime', label: 'Realtime', view: 'realtime_logs', source: 'realtime.logs.prod' },
  { key: 'functions', label: 'Functions', view: 'function_logs', source: 'deno-subhosting-events' },
  { key: 'invocations', label: 'Function requests', view: 'function_edge_logs', source: 'deno-relay-logs' },
  { key: 'pooler', label: 'Pooler', view: 'pooler_logs', source: 'pgbouncer.logs.prod' },
  { key: 'stack', label: 'Everything else', view: 'stack_logs', source: 'stack.logs' },
] as const;

const logColumns = [
  { name: 'id', type: 'uuid' },
  { name: 'timestamp', type: 'timestamptz' },
  { name: 'event_message', type: 'text' },
  { name: 'metadata', type: 'jsonb' },
  { name: 'extra', type: 'jsonb' },
];

/** The log store's views with their columns, for completion. */
export const logNames = {
  tables: {
    public: {
      ...Object.fromEntries(logServices.map(({ view }) => [view, logColumns])),
      all_logs: [...logColumns, { name: 'source', type: 'text' }],
    },
  },
  functions: [],
  columns: logColumns,
};

/** One of them. */
export type LogService = (typeof logServices)[number]['key'];

/** How bad a line is: said by the line itself, or by the status of the answer it is about. */
export const severities = ['error', 'warn', 'info'] as const;

/** One of them. */
export type Severity = (typeof severities)[number];

/** Classes of HTTP answers. */
export const statusClasses = ['2xx', '3xx', '4xx', '5xx'] as const;

/** One of them. */
export type StatusClass = (typeof statusClasses)[number];

/** Which lines are wanted; what is undefined narrows nothing. */
export interface LogFilter {
  readonly service: LogService | undefined;
  readonly severity: Severity | undefined;
  readonly status: StatusClass | undefined;
  /** Part of the path of the request it is about. */
  readonly path: string;
  /** Part of the line. */
  readonly search: string;
  /** All lines about one request. */
  readonly request: string;
  /** Requests of the dashboard itself are among them. */
  readonly dashboard: boolean;
}

/** Whether a path at the gateway is asked for by the dashboard itself; one text for this and for the database. */
export const dashboardPaths = '^/(api/(rooms|studio)/|assets/)';

/** From when to when, in milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where a page of lines ended. */
export interface LogCursor {
  readonly id: string;
  /** Microseconds since the epoch. */
  readonly timestamp: number;
}

const statusOf = `coalesce(metadata #>> '{response,status_code}', metadata #>> '{res,statusCode}', metadata ->> 'status')`;
const pathOf = `coalesce(metadata #>> '{request,path}', metadata #>> '{request,pathname}', metadata #>> '{req,url}', metadata ->> 'path')`;
const levelOf = `lower(coalesce(metadata #>> '{parsed,error_severity}', metadata ->> 'level'))`;
const severityOf = `case
  when ${levelOf} in ('error', 'fatal', 'panic', 'critical') or ${statusOf} ~ '^5[0-9][0-9]$' then 'error'
  when ${levelOf} in ('warn', 'warning') or ${statusOf} ~ '^4[0-9][0-9]$' then 'warn'
  else 'info' end`;

const moment = (microseconds: number): string => {
  const rest = String(microseconds % 1_000).padStart(3, '0');
  return `${quoteText(new Date(Math.floor(microseconds / 1_000)).toISOString().replace('Z', `${rest}Z`))}::timestamptz`;
};

const within = ({ from, to }: Span): string =>
  `timestamp >= ${moment(from * 1_000)} and timestamp < ${moment(to * 1_000)}`;

const has = (expression: string, part: string): string => `strpos(lower(${expression}), lower(${quoteText(part)})) > 0`;

/** What narrows the lines beside their time. @param facets without them, `service`, `severity` and `status` do not count */
function conditions(filter: LogFilter, facets: boolean): string[] {
  const { severity, status, path, search, request, dashboard } = filter;
  const found: string[] = [];
  if (facets && severity) found.push(`${severityOf} = ${quoteText(severity)}`);
  if (facets && status) found.push(`${statusOf} like ${quoteText(`${status[0]}__`)}`);
  if (!dashboard) found.push(`coalesce(${pathOf}, '') !~ ${quoteText(dashboardPaths)}`);
  if (path !== '') found.push(has(pathOf, path));
  if (search !== '') found.push(has('event_message', search));
  if (request !== '')
    found.push(`(metadata ->> 'request_id' = ${quoteText(request)} or metadata ->> 'reqId' = ${quoteText(request)})`);
  return found;
}

const fromOf = ({ service }: LogFilter): { readonly view: string; readonly source: string } => {
  const known = logServices.find(({ key }) => key === service);
  return known
    ? { view: known.view, source: `${quoteText(known.source)} as source` }
    : { view: 'all_logs', source: 'source' };
};

/** A page of lines, the newest first. */
export function logLines(filter: LogFilter, span: Span, before: LogCursor | undefined, limit: number): string {
  const { view, source } = fromOf(filter);
  const where = [within(span), ...conditions(filter, true)];
  if (before) where.push(`(timestamp, id) < (${moment(before.timestamp)}, ${quoteText(before.id)}::uuid)`);
  return `select id, timestamp, ${source}, event_message, metadata from ${view}
where ${where.join('\n  and ')}
order by timestamp desc, id desc limit ${limit}`;
}

/** One line. */
export const logLine = (id: string): string =>
  `select id, timestamp, source, event_message, metadata from all_logs where id = ${quoteText(id)}::uuid`;

/** How many lines of each severity there are: rows of `bucket` (from the epoch on, `seconds` wide), `error`, `warn`, `info`. */
export function logHistogram(filter: LogFilter, span: Span, seconds: number): string {
  const where = [within(span), ...conditions(filter, true)];
  return `select bucket, count(*) filter (where severity = 'error') as error, count(*) filter (where severity = 'warn') as warn,
  count(*) filter (where severity = 'info') as info
from (
  select floor(extract(epoch from timestamp) / ${seconds})::bigint as bucket, ${severityOf} as severity
  from ${fromOf(filter).view} where ${where.join('\n    and ')}
) as lines group by 1 order by 1`;
}

/** Lines by source, severity and class of status, whatever of these is chosen: rows of `source`, `severity`, `status`, `count`. */
export function logFacets(filter: LogFilter, span: Span): string {
  const where = [within(span), ...conditions(filter, false)];
  return `select source, severity, status, count(*) as count
from (
  select source, ${severityOf} as severity, case when ${statusOf} ~ '^[2-5][0-9][0-9]$' then left(${statusOf}, 1) end as status
  from all_logs where ${where.join('\n    and ')}
) as lines group by 1, 2, 3 order by 4 desc`;
}
