import {
  createDeliveryStore,
  type Delivery,
  type DeliveryLoop,
  deliveryChannel,
  type Outcome,
  startDeliveryLoop,
} from '#kernel/deliveries';
import type { Egress } from '#kernel/egress';
import { StartupError } from '#kernel/errors';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import {
  asDatabaseError,
  type ConnectionOptions,
  createDatabase,
  createListener,
  type Database,
  type Listener,
  type Transaction,
} from '#kernel/sql';
import type { StorageSettings } from '../settings.ts';
import { enqueueEvents, makeDeliveryTables, webhookQueue } from '../sql/webhook-queue.ts';
import type { BucketEvent, StorageEvent } from './context.ts';

/** Tells somebody elsewhere what happens to objects and buckets, at least once and in order for each of them. */
export interface Webhooks {
  /** Writes down what is to be told, in the transaction that makes it so. */
  record(transaction: Transaction, events: readonly (StorageEvent | BucketEvent)[]): Promise<void>;
  /** Begins to tell. @throws StartupError where the database has no place for what waits */
  start(): Promise<void>;
  /** Lets what is being told come to its end; what waits is told by another node, or after the next start. */
  stop(): Promise<void>;
}

/** What telling needs. */
export interface WebhooksOptions {
  /** Where the storage's database is, under a role that works on `_pmoves.deliveries`. */
  readonly connection: ConnectionOptions;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An event as the mirrored service tells it. */
interface Told {
  readonly type: string;
  readonly key: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Milliseconds before an event is told again for the first time, and at most. */
const firstDelay = 1_000;
const longestDelay = 600_000;

/** Bytes of an answer; nobody looks at it. */
const answerLimit = 64 * 1024;

/** Creates the teller. @returns undefined where nobody wants to know */
export function createWebhooks(settings: StorageSettings, options: WebhooksOptions): Webhooks | undefined {
  const { webhookUrl: url } = settings;
  if (url === undefined) return undefined;
  const { connection, clock, log } = options;
  let db: Database | undefined;
  let loop: DeliveryLoop | undefined;
  let listener: Listener | undefined;
  let isWarned = false;

  function onError(error: unknown): void {
    if (!isWarned) log.warn({ err: error }, 'webhooks of storage cannot reach the database; they are tried again');
    isWarned = true;
  }

  return {
    async record(transaction, events) {
      const applyTime = clock.now();
      const told = events.flatMap(toldOf);
      if (told.length === 0) return;
      const queued = told.map(({ key, ...event }) => ({ key, payload: { ...event, applyTime } }));
      await enqueueEvents(transaction, queued);
    },
    async start() {
      db = createDatabase({ connection, size: 2, idleTimeout: 5_000 });
      await prepare(db, connection.user);
      const started = startDeliveryLoop({
        store: createDeliveryStore(db, webhookQueue),
        deliver: (delivery, signal) => tell(url, settings, options, delivery, signal),
        concurrency: settings.webhookConcurrency,
        // The request has the same bound, and says what it waited for.
        timeout: settings.webhookTimeout + 1_000,
        maxAttempts: settings.webhookRetries + 1,
        firstDelay,
        longestDelay,
        keepDelivered: 0,
        keepDead: settings.webhookKeepDead,
        now: () => performance.now(),
        onError,
        onDead: ({ id, payload }, { error }) =>
          log.warn(
            { delivery: id, event: (payload as Told).type, reason: error },
            'an event could not be told to STORAGE_WEBHOOK_URL; `deliveries retry` makes it wait again',
          ),
      });
      loop = started;
      listener = createListener({
        connection,
        channels: [deliveryChannel],
        onNotify(_channel, queue) {
          if (queue === webhookQueue) started.wake();
        },
        onConnect() {
          isWarned = false;
          started.wake();
        },
        onError,
      });
    },
    async stop() {
      await listener?.stop();
      await loop?.stop(AbortSignal.timeout(settings.webhookTimeout));
      await db?.close();
    },
  };
}

async function prepare(db: Database, user: string): Promise<void> {
  const isAllowed = await makeDeliveryTables(db).catch((error: unknown) => {
    if (asDatabaseError(error)?.code === '42501') return false;
    throw error;
  });
  if (isAllowed) return;
  await db.close();
  throw new StartupError(
    `webhooks of storage wait in _pmoves.deliveries, which ${user} may neither make nor work on: let it create schemas ` +
      '(GRANT CREATE ON DATABASE), or grant it select, insert, update and delete on _pmoves.deliveries, ' +
      '_pmoves.dead_letters and _pmoves.delivery_attempts',
    'STORAGE_WEBHOOK_URL',
  );
}

/** Makes one attempt. */
async function tell(
  url: string,
  { tenantId, region, publicUrl, webhookKey, webhookTimeout }: StorageSettings,
  { egress, clock }: WebhooksOptions,
  { payload: event, messageId }: Delivery,
  signal: AbortSignal,
): Promise<Outcome> {
  const { type, applyTime, payload } = event as Told & { readonly applyTime: number };
  const sent = egress.request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': messageId,
      ...(webhookKey !== undefined && { authorization: `Bearer ${webhookKey}` }),
    },
    body: JSON.stringify({
      type: 'Webhook',
      event: { $version: 'v1', type, region, applyTime, payload },
      sentAt: new Date(clock.now()).toISOString(),
      tenant: { ref: tenantId, host: publicUrl === undefined ? '' : new URL(publicUrl).host },
    }),
    timeout: webhookTimeout,
    signal,
    maxBytes: answerLimit,
    byOperator: true,
  });
  const { status } = await sent.catch((error: unknown) => {
    // Whoever says so much has taken it.
    if ((error as { reason?: string }).reason === 'too-large') return { status: 200 };
    throw error;
  });
  return status < 300 ? { isDelivered: true, status } : { isDelivered: false, status, error: `answered ${status}` };
}

/** A move is told twice, as what it makes and as what it removes. */
function toldOf(event: StorageEvent | BucketEvent): readonly Told[] {
  if (!('by' in event))
    return [
      {
        type: event.type === 'BucketCreated' ? 'Bucket:Created' : 'Bucket:Deleted',
        key: event.bucketId,
        payload: { bucketId: event.bucketId, type: 'STANDARD' },
      },
    ];
  const { type, by, bucketId, name, version, metadata, from } = event;
  const payload = { bucketId, name, version, metadata };
  const key = `${bucketId}/${name}`;
  if (type === 'ObjectMoved' && from)
    return [
      { type: 'ObjectRemoved:Move', key: `${from.bucketId}/${from.name}`, payload: { ...from } },
      { type: 'ObjectCreated:Move', key, payload: { ...payload, oldObject: from } },
    ];
  return [{ type: `${type}:${by === 'CompleteMultipartUpload' ? 'Put' : by}`, key, payload }];
}
