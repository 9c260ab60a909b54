import { badQuery } from './tokens.ts';

/** Spans of `usage.api-counts`: how far back, in steps of what. */
const intervals = {
  minutely: { unit: 'minute', back: '60 minutes' },
  hourly: { unit: 'hour', back: '24 hours' },
  daily: { unit: 'day', back: '7 days' },
} as const;

/** The span asked for. */
export type Interval = keyof typeof intervals;

/** @throws ServiceError `bad_query` for an unknown interval */
export function intervalOf(text: string | null): Interval {
  if (text === null || text === '') return 'hourly';
  if (Object.hasOwn(intervals, text)) return text as Interval;
  throw badQuery(`interval must be one of ${Object.keys(intervals).join(', ')}`);
}

/** The query for requests to each service over time. */
export function countsQuery(interval: Interval): string {
  const { unit, back } = intervals[interval];
  const count = (service: string) =>
    `count(*) filter (where metadata #>> '{request,path}' like '/${service}/%') as total_${service}_requests`;
  return `select date_trunc('${unit}', timestamp) as timestamp,
    ${['auth', 'rest', 'storage', 'realtime', 'functions'].map(count).join(', ')}
    from edge_logs where timestamp >= current_timestamp - interval '${back}'
    group by 1 order by 1`;
}
