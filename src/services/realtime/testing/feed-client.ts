import { createLogger, createRedactor } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { createChangeFeed, type FeedOptions } from '../core/changes/create-feed.ts';
import type { ChangeEvent, ChangeFeed, Claims, FeedNotice, FeedSubscription } from '../core/changes/feed.ts';

/** A feed for tests, with small bounds. */
export function testFeed(connection: () => ConnectionOptions, options: Partial<FeedOptions> = {}): ChangeFeed {
  return createChangeFeed({
    connection,
    log: createLogger({ level: 'silent', redact: createRedactor([]) }),
    publication: 'supabase_realtime',
    messagesPublication: 'supabase_realtime_messages_publication',
    retention: { time: 300_000, bytes: 64_000_000 },
    slotLimit: 1_000_000_000,
    backlogLimit: 8_000_000,
    recordLimit: 1_048_576,
    connections: 4,
    batch: 200,
    catchUps: 8,
    positionEvery: 30_000,
    ...options,
  });
}

/** The `data` of an event, parsed. */
export interface EventData {
  readonly schema: string;
  readonly table: string;
  readonly type: string;
  readonly commit_timestamp: string | null;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly record?: Record<string, unknown>;
  readonly old_record?: Record<string, unknown>;
  readonly errors: readonly string[] | null;
}

/** A channel as the feed sees it, with everything it was given. */
export interface FeedClient {
  readonly events: (ChangeEvent & { readonly parsed: EventData })[];
  readonly notices: FeedNotice[];
  readonly subscription: FeedSubscription;
  /** Waits for the notice that changes flow. */
  ready(times?: number): Promise<void>;
}

/** Enters a channel. */
export function feedClient(
  feed: ChangeFeed,
  entries: readonly unknown[],
  claims: Claims & { readonly role: string },
  resume?: { readonly after?: string },
): FeedClient {
  const events: FeedClient['events'] = [];
  const notices: FeedNotice[] = [];
  let told: () => void = () => {};
  const subscription = feed.subscribe({
    topic: 'test',
    reqId: 'r1',
    role: claims.role,
    claims,
    entries,
    ...(resume && { resume }),
    deliver: (event) => void events.push({ ...event, parsed: JSON.parse(event.data) as EventData }),
    notify(notice) {
      notices.push(notice);
      told();
    },
  });
  return {
    events,
    notices,
    subscription,
    async ready(times = 1) {
      const deadline = performance.now() + 15_000;
      while (notices.filter(({ kind }) => kind === 'subscribed').length < times) {
        const failed = notices.find(({ kind }) => kind === 'failed');
        if (failed) throw new Error(JSON.stringify(failed));
        if (performance.now() > deadline) throw new Error('changes did not come to flow');
        await new Promise<void>((resolve) => {
          told = resolve;
          setTimeout(resolve, 100);
        });
      }
    },
  };
}
