import { join } from 'node:path';
import { requestNews } from '#kernel/http';
import type { Mount, Room } from '#kernel/lifecycle';
import type { LogBus, Logger, LogNews, RequestNews } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { type AnalyticsApi, analyticsRoom } from '#services/analytics';
import type { ServerMessage } from '#services/db';
import type { FunctionsApi } from '#services/functions';
import { vectorRoom } from '#services/vector';
import type { LoadedSettings } from './load-settings.ts';
import type { RoomPlaces } from './reload/room-places.ts';
import type { RoomName } from './settings.ts';
import { volumesOf } from './volumes.ts';
import { forwardLogs } from './workers/forward-logs.ts';
import type { PrimaryLink } from './workers/link.ts';

/** What the log path is joined from. */
export interface LoggingInput {
  readonly settings: LoadedSettings;
  readonly share: { readonly kind: 'whole' | 'primary' } | { readonly kind: 'worker'; readonly link: PrimaryLink };
  readonly log: Logger;
  readonly logs: LogBus | undefined;
  readonly places: RoomPlaces;
}

/** The log path of a stack: from the rooms to those that keep what they tell. */
export interface Logging {
  readonly analytics: Room<AnalyticsApi> | undefined;
  readonly vector: Room | undefined;
  /** For the gateway; undefined where nobody keeps logs. */
  readonly observe: ((news: RequestNews) => void) | undefined;
  readonly observed: (mount: Mount) => Mount;
  /** For the embedded database. */
  readonly onMessage: ((message: ServerMessage) => void) | undefined;
  /** Has functions tell what they print and are asked. */
  follow(functions: FunctionsApi): void;
  /** Sends what waits to the process that keeps logs. */
  flush(): void;
}

/** Rooms whose original logs each request; the others' are told by the gateway alone. */
const observedRooms = new Set(['auth', 'storage']);

/**
 * Creates the rooms of the log path among the chosen, and what leads to them.
 *
 * @param database that of the stack, as its superuser
 */
export function createLogging(
  { settings, share, log, logs, places }: LoggingInput,
  chosen: ReadonlySet<RoomName>,
  database: () => ConnectionOptions,
): Logging {
  const analytics = chosen.has('analytics')
    ? places.place<AnalyticsApi>('analytics', ({ analytics: own }, former) =>
        analyticsRoom.create({
          settings: own,
          log: log.child({ room: 'analytics' }),
          database: () => ({ ...database(), database: own.dbName }),
          ...(former && { heirlooms: former.heirlooms }),
        }),
      )
    : undefined;
  const vector = chosen.has('vector')
    ? places.place('vector', ({ vector: own }) =>
        vectorRoom.create({
          settings: own,
          log: log.child({ room: 'vector' }),
          bus: logs,
          ...(analytics && { store: (records) => analytics.api.store(records) }),
          defaultFolder: join(volumesOf(settings), 'logs', 'buffer'),
          cwd: settings.cwd,
        }),
      )
    : undefined;
  const forwarding = share.kind === 'worker' && logs ? forwardLogs(logs, share.link) : undefined;
  const emit = logs && ((news: LogNews) => logs.emit(news));
  return {
    analytics,
    vector,
    observe: emit,
    onMessage:
      emit && (({ at, message, parsed }) => emit({ kind: 'entry', room: 'postgres', at, message, fields: parsed })),
    observed: (mount) => (emit && observedRooms.has(mount.name) ? observe(mount, emit) : mount),
    follow(functions) {
      if (!emit) return;
      functions.subscribe(({ sequence, timestamp, ...entry }) => {
        const message = entry.kind === 'log' ? entry.event_message : '';
        emit({ kind: 'entry', room: 'functions', at: timestamp, message, fields: { ...entry } });
      });
    },
    flush: () => forwarding?.flush(),
  };
}

function observe(mount: Mount, emit: (news: LogNews) => void): Mount {
  return {
    ...mount,
    handle(request, response) {
      const { url = '/' } = request;
      const started = performance.now();
      response.once('close', () => emit(requestNews(mount.name, request, response, url, performance.now() - started)));
      mount.handle(request, response);
    },
  };
}
