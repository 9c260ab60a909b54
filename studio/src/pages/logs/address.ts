import {
  type LogFilter,
  logServices,
  type Severity,
  type Span,
  type StatusClass,
  severities,
  statusClasses,
} from '../../sql/logs.ts';

/** Spans back from now, in milliseconds. */
export const ranges = {
  '15m': 15 * 60_000,
  '1h': 3_600_000,
  '24h': 24 * 3_600_000,
  '7d': 7 * 24 * 3_600_000,
} as const;

/** One of them. */
export type Range = keyof typeof ranges;

/** What the page shows, as its address says it. */
export interface LogView {
  readonly filter: LogFilter;
  /** Back from now; `span` counts instead where there is one. */
  readonly range: Range;
  readonly span: Span | undefined;
  /** New lines are shown as they come. */
  readonly live: boolean;
  /** The line that is opened. */
  readonly id: string | undefined;
}

const oneOf = <T extends string>(all: readonly T[], value: string | null): T | undefined =>
  all.find((each) => each === value);

/** Reads the address; what makes no sense there is as if it were not. */
export function readView(parameters: URLSearchParams): LogView {
  const text = (name: string): string => parameters.get(name)?.slice(0, 500) ?? '';
  const [from, to] = [Date.parse(text('from')), Date.parse(text('to'))];
  const span = from < to ? { from, to } : undefined;
  const request = text('request');
  const id = text('id');
  return {
    filter: {
      service: logServices.find(({ key }) => key === parameters.get('service'))?.key,
      severity: oneOf<Severity>(severities, parameters.get('level')),
      status: oneOf<StatusClass>(statusClasses, parameters.get('status')),
      path: text('path'),
      search: text('search'),
      request,
      dashboard: parameters.get('dashboard') === 'on',
    },
    // A request is looked for in all that is kept.
    range: oneOf(Object.keys(ranges) as Range[], parameters.get('range')) ?? (request === '' ? '1h' : '7d'),
    span,
    live: span === undefined && parameters.get('live') !== 'off',
    id: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id) ? id : undefined,
  };
}

/** The address of a view; what is usual is left out. */
export function addressOf({ filter, range, span, live, id }: LogView): string {
  const { service, severity, status, path, search, request, dashboard } = filter;
  const usual: Range = request === '' ? '1h' : '7d';
  const pairs: [string, string | undefined][] = [
    ['service', service],
    ['level', severity],
    ['status', status],
    ['path', path || undefined],
    ['search', search || undefined],
    ['request', request || undefined],
    ['dashboard', dashboard ? 'on' : undefined],
    ['range', span || range === usual ? undefined : range],
    ['from', span && new Date(span.from).toISOString()],
    ['to', span && new Date(span.to).toISOString()],
    ['live', live || span ? undefined : 'off'],
    ['id', id],
  ];
  const parameters = new URLSearchParams();
  for (const [name, value] of pairs) if (value !== undefined) parameters.set(name, value);
  const text = parameters.toString();
  return text === '' ? '/logs' : `/logs?${text}`;
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];
const mostBars = 60;

/** Width of the histogram's bars in seconds, so that there are 60 at most. */
export function barSeconds({ from, to }: Span): number {
  const wanted = (to - from) / 1_000 / mostBars;
  return steps.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
}
