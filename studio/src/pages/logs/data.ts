import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { room } from '../../data/client.ts';
import {
  type LogCursor,
  type LogFilter,
  logFacets,
  logHistogram,
  logLine,
  logLines,
  logServices,
  type Span,
} from '../../sql/logs.ts';
import { barSeconds, type LogView, ranges } from './address.ts';
import { entryOf, isWanted, type LogEntry, type LogRow } from './entry.ts';
import type { FacetRow } from './facet-counts.ts';

const pageSize = 100;
/** Lines kept of those that came live. */
const mostLive = 500;
/** Milliseconds in which lines that come live are gathered. */
const gatherFor = 200;
const refreshEvery = 15_000;

/** Runs a query of the log store, in PostgreSQL's SQL unless told otherwise. @throws ApiError */
export const queryLogs = async <Row>(
  sql: string,
  signal?: AbortSignal,
  dialect?: 'postgres',
): Promise<readonly Row[]> =>
  (
    await room<{ result: readonly Row[] }>('analytics', '/api/endpoints/query/logs.all', {
      method: 'POST',
      body: { sql, ...(dialect && { dialect }) },
      signal,
    })
  ).result;

const spanOf = ({ range, span }: LogView): Span =>
  span ?? { from: Date.now() - ranges[range], to: Date.now() + 60_000 };

const key = (what: string, { filter, range, span }: LogView) => ['logs', what, filter, range, span];

/** Lines that are kept, a page at a time, the newest first. */
export const useLines = (view: LogView) =>
  useInfiniteQuery({
    queryKey: key('lines', view),
    queryFn: async ({ pageParam, signal }) =>
      (await queryLogs<LogRow>(logLines(view.filter, spanOf(view), pageParam, pageSize), signal, 'postgres')).map(
        entryOf,
      ),
    initialPageParam: undefined as LogCursor | undefined,
    getNextPageParam: (last: readonly LogEntry[]) => (last.length < pageSize ? undefined : last.at(-1)),
  });

/** One line; null when it is not kept any more. */
export const useLine = (id: string, known: LogEntry | undefined) =>
  useQuery({
    queryKey: ['logs', 'line', id],
    queryFn: async ({ signal }) => {
      const [row] = await queryLogs<LogRow>(logLine(id), signal, 'postgres');
      return row ? entryOf(row) : null;
    },
    ...(known && { initialData: known }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Lines of one bar. */
export interface Bar {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly error: number;
  readonly warn: number;
  readonly info: number;
}

type BucketRow = { readonly bucket: number } & Pick<Bar, 'error' | 'warn' | 'info'>;

/** How many lines there were when; every bar from the first moment to the last. */
export const useHistogram = (view: LogView) =>
  useQuery({
    queryKey: key('histogram', view),
    queryFn: async ({ signal }): Promise<readonly Bar[]> => {
      const given = spanOf(view);
      const span = { from: given.from, to: Math.min(given.to, Date.now()) };
      const width = barSeconds(span);
      const rows = await queryLogs<BucketRow>(logHistogram(view.filter, given, width), signal, 'postgres');
      const known = new Map(rows.map((row) => [row.bucket, row]));
      const [first, last] = [span.from, span.to].map((time) => Math.floor(time / 1_000 / width)) as [number, number];
      return Array.from({ length: last - first + 1 }, (_, index) => {
        const bucket = first + index;
        const { error = 0, warn = 0, info = 0 } = known.get(bucket) ?? {};
        return { from: bucket * width * 1_000, to: (bucket + 1) * width * 1_000, error, warn, info };
      });
    },
    refetchInterval: view.live && refreshEvery,
  });

/** Counts beside the facets. */
export const useFacets = (view: LogView) => {
  const { path, search, request, dashboard } = view.filter;
  return useQuery({
    queryKey: ['logs', 'facets', path, search, request, dashboard, view.range, view.span],
    queryFn: ({ signal }) => queryLogs<FacetRow>(logFacets(view.filter, spanOf(view)), signal, 'postgres'),
    refetchInterval: view.live && refreshEvery,
  });
};

/** Lines that come while one looks. */
export interface Tail {
  readonly entries: readonly LogEntry[];
  readonly state: 'off' | 'connecting' | 'following' | 'broken';
  /** Lines that came too fast to be shown. */
  readonly skipped: number;
}

const nothing: Tail = { entries: [], state: 'off', skipped: 0 };

/** Follows the logs. What was kept before it follows, or while it could not, is asked for once it does. */
export function useTail(view: LogView): Tail {
  const client = useQueryClient();
  const [tail, setTail] = useState(nothing);
  const wanted = JSON.stringify(view.filter);
  useEffect(() => {
    if (!view.live) {
      setTail(nothing);
      return;
    }
    const filter = JSON.parse(wanted) as LogFilter;
    setTail({ ...nothing, state: 'connecting' });
    const source = logServices.find(({ key: service }) => service === filter.service)?.source;
    const path = `/api/rooms/analytics/api/logs/tail${source ? `?source_name=${encodeURIComponent(source)}` : ''}`;
    const events = new EventSource(path);
    let gathered: LogEntry[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (): void => {
      timer = undefined;
      const fresh = gathered.reverse();
      gathered = [];
      setTail((last) => ({ ...last, entries: [...fresh, ...last.entries].slice(0, mostLive) }));
    };
    events.onopen = () => {
      setTail((last) => ({ ...last, state: 'following' }));
      void client.invalidateQueries({ queryKey: ['logs', 'lines'] });
    };
    events.onerror = () =>
      setTail((last) => ({ ...last, state: events.readyState === EventSource.CLOSED ? 'broken' : 'connecting' }));
    events.onmessage = ({ data }: MessageEvent<string>) => {
      const entry = entryOf(JSON.parse(data) as LogRow);
      if (!isWanted(entry, filter)) return;
      gathered.push(entry);
      if (gathered.length > mostLive) gathered.shift();
      timer ??= setTimeout(show, gatherFor);
    };
    events.addEventListener('skipped', ({ data }) =>
      setTail((last) => ({ ...last, skipped: last.skipped + (JSON.parse(data) as { events: number }).events })),
    );
    return () => {
      clearTimeout(timer);
      events.close();
    };
  }, [client, view.live, wanted]);
  return tail;
}
