import { setTimeout as sleep } from 'node:timers/promises';
import type { Egress } from '#kernel/egress';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { StorageSettings } from '../settings.ts';
import type { BucketEvent, StorageEvent } from './context.ts';

/** Tells somebody elsewhere what happens to objects and buckets. */
export interface Webhooks {
  /** Returns at once. Events are told in the order they come, several at a time. */
  send(event: StorageEvent | BucketEvent): void;
  /** Tells what is being told; what waits is given up, with a warning. */
  stop(): Promise<void>;
}

/** An event as the mirrored service tells it. */
interface Told {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Milliseconds before an event is told again for the first time. */
const firstPause = 1_000;

/**
 * Creates the teller. What waits is in memory: a process that is killed takes it along.
 *
 * @returns undefined where nobody wants to know
 */
export function createWebhooks(
  settings: StorageSettings,
  { egress, clock, log }: { readonly egress: Egress; readonly clock: Clock; readonly log: Logger },
): Webhooks | undefined {
  const { webhookUrl, webhookKey, webhookTimeout, webhookRetries, webhookConcurrency, webhookQueue } = settings;
  if (webhookUrl === undefined) return undefined;
  const url = webhookUrl;
  const stopped = new AbortController();
  const waiting: (Told & { readonly applyTime: number })[] = [];
  const running = new Set<Promise<void>>();
  let dropped = 0;

  async function tell({ type, payload, applyTime }: (typeof waiting)[number]): Promise<void> {
    const { tenantId, region, publicUrl } = settings;
    const answer = await egress.request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(webhookKey !== undefined && { authorization: `Bearer ${webhookKey}` }),
      },
      body: JSON.stringify({
        type: 'Webhook',
        event: { $version: 'v1', type, region, applyTime, payload },
        sentAt: new Date(clock.now()).toISOString(),
        tenant: { ref: tenantId, host: publicUrl === undefined ? '' : new URL(publicUrl).host },
      }),
      timeout: webhookTimeout,
      maxBytes: 64 * 1024,
      byOperator: true,
    });
    if (answer.status >= 300) throw new Error(`status ${answer.status}`);
  }

  async function insist(event: (typeof waiting)[number]): Promise<void> {
    for (let attempt = 0; ; attempt += 1)
      try {
        return await tell(event);
      } catch (error) {
        if (attempt >= webhookRetries || stopped.signal.aborted) {
          log.warn({ err: error, event: event.type }, 'an event could not be told to STORAGE_WEBHOOK_URL');
          return;
        }
        await sleep(firstPause * 2 ** attempt, undefined, { signal: stopped.signal, ref: false }).catch(
          () => undefined,
        );
      }
  }

  function next(): void {
    if (running.size >= webhookConcurrency || stopped.signal.aborted) return;
    const event = waiting.shift();
    if (!event) return;
    const telling = insist(event).finally(() => {
      running.delete(telling);
      next();
    });
    running.add(telling);
  }

  return {
    send(event) {
      const applyTime = clock.now();
      for (const told of toldOf(event)) {
        if (waiting.length >= webhookQueue) {
          // Every one of them would drown the log.
          if (dropped % webhookQueue === 0)
            log.warn({ dropped }, 'events are dropped: STORAGE_WEBHOOK_URL takes them too slowly');
          dropped += 1;
        } else waiting.push({ ...told, applyTime });
        next();
      }
    },
    async stop() {
      stopped.abort();
      await Promise.all(running);
      if (waiting.length > 0) log.warn({ events: waiting.length }, 'events were not told to STORAGE_WEBHOOK_URL');
    },
  };
}

/** A move is told twice, as what it makes and as what it removes. */
function toldOf(event: StorageEvent | BucketEvent): readonly Told[] {
  if (!('by' in event))
    return [
      {
        type: event.type === 'BucketCreated' ? 'Bucket:Created' : 'Bucket:Deleted',
        payload: { bucketId: event.bucketId, type: 'STANDARD' },
      },
    ];
  const { type, by, bucketId, name, version, metadata, from } = event;
  const payload = { bucketId, name, version, metadata };
  if (type === 'ObjectMoved')
    return [
      { type: 'ObjectRemoved:Move', payload: { ...from } },
      { type: 'ObjectCreated:Move', payload: { ...payload, oldObject: from } },
    ];
  return [{ type: `${type}:${by === 'CompleteMultipartUpload' ? 'Put' : by}`, payload }];
}
