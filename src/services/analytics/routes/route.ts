import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LogRecord, RecordIds } from '#kernel/log';
import type { Turns } from '../core/ingest/turns.ts';
import type { Live } from '../core/live.ts';
import type { LogStore } from '../core/log-store.ts';
import type { LogQuery } from '../core/query/run-query.ts';
import type { AnalyticsSettings } from '../settings.ts';

/** What the room offers its routes. */
export interface Service {
  readonly settings: AnalyticsSettings;
  readonly store: LogStore;
  readonly live: Live;
  /** Of bodies that are read. */
  readonly turns: Turns;
  readonly nextId: RecordIds;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** True once events can be kept. */
  readonly isReady: () => boolean;
  /** Runs a query when its turn comes. */
  readonly query: (query: LogQuery) => Promise<unknown[]>;
  /** An answer of `usage.api-counts`, at most so old as settings say. */
  readonly counts: (interval: string | null) => Promise<unknown[]>;
}

/** One request. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: readonly string[];
  readonly parameters: URLSearchParams;
  readonly service: Service;
}

/** Who may use a route: anybody, holders of either token, holders of the private one. */
export type Access = 'anyone' | 'public' | 'private';

/** An endpoint. Its answer is sent as JSON, unless it is undefined: then the handler has answered. */
export interface Route {
  /** What is answered to GET is so to HEAD. */
  readonly methods: readonly string[];
  /** Its answer has no end, so that there is none to HEAD. */
  readonly isEndless?: boolean;
  readonly access: Access;
  /** Whether a path is this endpoint's, in parts. */
  readonly matches: (path: readonly string[]) => boolean;
  readonly handle: (exchange: Exchange) => Promise<unknown>;
}

/** Matches a path of fixed parts; `*` stands for any one. */
export const at =
  (...parts: readonly string[]) =>
  (path: readonly string[]): boolean =>
    path.length === parts.length && parts.every((part, index) => part === '*' || part === path[index]);

/** A record as clients see it. */
export function eventOf({ id, at: timestamp, source, message, metadata, extra }: LogRecord): Record<string, unknown> {
  return {
    id,
    timestamp,
    source,
    event_message: message,
    ...(extra === undefined ? {} : (JSON.parse(extra) as object)),
    metadata: JSON.parse(metadata) as unknown,
  };
}
