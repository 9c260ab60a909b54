import type { Egress } from '#kernel/egress';
import type { Clock, Health, Room } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { type Client, type ConnectionOptions, createListener, type Listener } from '#kernel/sql';
import type { DbSettings } from '../../settings.ts';
import { claimWork } from '../../sql/background/presence.ts';
import { type WorkConnection, workConnection } from '../../sql/background/work-connection.ts';
import { createScheduler } from './cron/scheduler.ts';
import { createRequestSender } from './net/request-sender.ts';
import { createOutbox } from './outbox/outbox.ts';
import type { BackgroundPart } from './part.ts';

/** What the work behind the extensions needs. */
export interface BackgroundOptions {
  readonly settings: DbSettings;
  readonly log: Logger;
  /** As a role that may do everything with the extensions' objects; valid once the database has started. */
  readonly connection: () => ConnectionOptions;
  /** As any role, in any database. */
  readonly session: (role: string, database: string) => ConnectionOptions;
  readonly clock: Clock;
  /** The way out for requests that SQL asks for; valid once the gateway has started. */
  readonly egress: () => Egress;
  /** Servers of NATS, for events. */
  readonly natsServers: readonly string[];
  /** What functions are called with. */
  readonly serviceKey: string | undefined;
}

const restart = 'restart';

/**
 * The halves of our SQL-only extensions that a database cannot run itself. It is started last, so that what waits for it
 * finds the other rooms serving, and holds one connection: extensions wake it by NOTIFY.
 */
export function createBackground(options: BackgroundOptions): Room<undefined> {
  const { log, settings } = options;
  let parts: readonly BackgroundPart[] = [];
  let listener: Listener | undefined;
  let current: WorkConnection | undefined;
  let stopped = false;

  function attach(client: Client): void {
    const connection = workConnection(client);
    current = connection;
    // Seen by SQL that asks whether anybody takes its requests.
    claimWork(connection).catch((error: unknown) => log.warn({ err: error }, 'background: the work was not claimed'));
    for (const part of parts) part.attach(connection);
  }

  return {
    mounts: [],
    api: undefined,
    async start() {
      stopped = false;
      const egress = options.egress();
      const { natsServers, serviceKey } = options;
      parts = [
        createRequestSender({ settings, log, egress }),
        createScheduler({ settings, log, clock: options.clock, session: options.session }),
        createOutbox({ settings, log, egress, natsServers, serviceKey }),
      ];
      listener = createListener({
        connection: { ...options.connection(), applicationName: 'pmoves-supabase background' },
        channels: parts.flatMap((part) => part.channels),
        onNotify(channel, payload) {
          // A session of its own has the settings of the role and the database as they are now.
          if (payload === restart) current?.end();
          else parts.find((part) => part.channels.includes(channel))?.wake(channel, payload);
        },
        onConnect: attach,
        onError: (error) => log.warn({ err: error }, 'background: the connection was lost'),
      });
    },
    async stop() {
      stopped = true;
      const grace = AbortSignal.timeout(settings.backgroundGrace);
      await Promise.all(parts.map((part) => part.stop(grace)));
      await listener?.stop();
      listener = undefined;
    },
    health(): Health {
      if (!listener) return { status: stopped ? 'stopped' : 'starting' };
      const detail = Object.assign({}, ...parts.map((part) => part.detail())) as Record<string, number>;
      return listener.connected
        ? { status: 'healthy', detail }
        : { status: 'unhealthy', detail: { ...detail, reason: 'the connection to the database is lost' } };
    },
  };
}
