import { createEventStream, type EventStream } from '#kernel/bus';
import {
  createDeliveryStore,
  type Delivery,
  type DeliveryLoop,
  type DeliveryStore,
  deliveryChannel,
  type Outcome,
  startDeliveryLoop,
} from '#kernel/deliveries';
import type { Egress } from '#kernel/egress';
import type { Logger } from '#kernel/log';
import type { DbSettings } from '../../../settings.ts';
import {
  claimOutbox,
  type EventPayload,
  inboxRules,
  type OutboxEvent,
  type OutboxRule,
  outboxRules,
} from '../../../sql/background/outbox.ts';
import type { WorkConnection } from '../../../sql/background/work-connection.ts';
import { type BackgroundPart, isAbsent } from '../part.ts';
import { deliver } from './delivery.ts';
import { createInbox, type Inbox } from './inbox.ts';

/** What delivering needs. */
export interface OutboxOptions {
  readonly settings: DbSettings;
  readonly log: Logger;
  readonly egress: Egress;
  /** Servers of NATS; none: nothing goes there. */
  readonly natsServers: readonly string[];
  readonly serviceKey: string | undefined;
}

/** Milliseconds until this node asks again whether it is the one that delivers. */
const claimEvery = 5_000;
const firstDelay = 1_000;
const longestDelay = 600_000;
/** Attempts of any rule. */
const mostAttempts = 100;

const rulesChannel = 'pmoves_outbox';
/** Events for NATS wait together while it is away, and hold up nobody else. */
const natsQueue = 'outbox_nats';
const queues = ['outbox', natsQueue];

/** What a webhook with a `nats:` address sends has no rule but this. */
const webhookRule = { source: 'table', format: 'envelope', headers: {}, secret: null, attempts: 12 } as const;

/**
 * Delivers what stands in the outbox: events of one key in order, at least once. An event is forgotten when its receiver has
 * taken it; one that cannot be delivered is tried again, later each time, and becomes a dead letter after the attempts of its
 * rule. While NATS is away its events wait without counting. One node delivers.
 */
export function createOutbox(options: OutboxOptions): BackgroundPart {
  const { settings, log } = options;
  let connection: WorkConnection | undefined;
  let rules: ReadonlyMap<string, OutboxRule> = new Map();
  let loops: ReadonlyMap<string, DeliveryLoop> | undefined;
  let stopping = false;
  let again = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stream: EventStream | undefined;
  let inbox: Inbox | undefined;
  const before = { delivered: 0, failed: 0, dead: 0 };

  /** Becomes the owner, reads the rules, and begins to deliver. */
  function refresh(): void {
    if (stopping) return;
    again = true;
    running ??= work().finally(() => {
      running = undefined;
      if (again && connection && !stopping) refresh();
    });
  }

  async function work(): Promise<void> {
    while (again && connection && !stopping) {
      again = false;
      const current = connection;
      try {
        if (!loops && !(await claimOutbox(current))) return refreshIn(claimEvery);
        rules = await outboxRules(current);
        await followInbox(current);
        if (!loops) await begin(current);
      } catch (error) {
        if (!current.usable || isAbsent(error)) return;
        log.error({ err: error }, 'outbox: the rules could not be read');
        refreshIn(claimEvery);
      }
    }
  }

  function refreshIn(milliseconds: number): void {
    clearTimeout(timer);
    timer = setTimeout(refresh, milliseconds).unref();
  }

  async function begin(current: WorkConnection): Promise<void> {
    const database = {
      query: async <Row extends object>(text: string, values?: readonly unknown[]) => ({
        rows: await current.query<Row>(text, values),
      }),
    };
    const stores = queues.map((queue) => [queue, createDeliveryStore(database, queue)] as const);
    // There is no other owner any more: what it had taken need not wait for the end of its lease.
    for (const [, store] of stores) await store.reclaim();
    if (stopping || current !== connection) return;
    loops = new Map(stores.map(([queue, store]) => [queue, startLoop(current, queue, store)]));
  }

  function startLoop(current: WorkConnection, queue: string, store: DeliveryStore): DeliveryLoop {
    return startDeliveryLoop({
      store,
      deliver: (delivery, signal) => attempt(current, delivery, signal),
      concurrency: settings.outboxConcurrency,
      batch: settings.outboxBatch,
      timeout: settings.outboxTimeout,
      maxAttempts: mostAttempts,
      firstDelay,
      longestDelay,
      keepDelivered: 0,
      keepDead: settings.outboxKeepDead,
      now: () => performance.now(),
      isReady: () => queue !== natsQueue || !stream || stream.isConnected,
      onError(error) {
        if (current.usable) log.error({ err: error }, 'outbox: the events could not be worked on');
      },
      onDead({ id, target }, { error }) {
        log.warn({ rule: target, event: id, reason: error }, 'outbox: an event is a dead letter');
      },
    });
  }

  async function attempt(current: WorkConnection, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const event = await eventOf(current, delivery);
    if (!event) return { isDelivered: false, isFinal: true, error: `there is no rule ${delivery.target} any more` };
    if (event.target.startsWith('nats:')) connectStream();
    const { egress, serviceKey } = options;
    const { outboxTimeout: timeout } = settings;
    const outcome = await deliver(event, { egress, stream, timeout, signal, serviceKey, now: Date.now });
    return { ...outcome, isFinal: outcome.isFinal === true || delivery.attempt >= event.attempts };
  }

  async function eventOf(current: WorkConnection, delivery: Delivery): Promise<OutboxEvent | undefined> {
    const { target, messageId, createdAt } = delivery;
    const { event, body } = delivery.payload as { readonly event: string; readonly body: EventPayload };
    const given = { messageId, createdAt, event, payload: body };
    if (target.startsWith('nats:')) return { ...webhookRule, target, ...given };
    // A rule may be younger than what we have read.
    if (!rules.has(target)) rules = await outboxRules(current);
    const rule = rules.get(target);
    return rule && { ...rule, ...given };
  }

  /** Connects to NATS, where that is configured, as soon as something goes there or comes from there. */
  function connectStream(): EventStream | undefined {
    if (stream || stopping || options.natsServers.length === 0) return stream;
    stream = createEventStream({
      servers: options.natsServers,
      stream: {
        name: settings.outboxStream,
        subjects: settings.outboxSubjects,
        keep: settings.outboxKeep,
        duplicateWindow: settings.outboxDuplicates,
      },
      onState(state, error) {
        if (state === 'connected') loops?.get(natsQueue)?.wake();
        else log.warn({ ...(error !== undefined && { err: error }) }, 'outbox: NATS is away');
      },
    });
    stream.start();
    return stream;
  }

  async function followInbox(current: WorkConnection): Promise<void> {
    const wanted = await inboxRules(current);
    if ([...rules.values()].some(({ target }) => target.startsWith('nats:'))) connectStream();
    if (wanted.length > 0 && !inbox) {
      const source = connectStream();
      if (source) inbox = createInbox(source, () => (loops ? connection : undefined), log);
    }
    inbox?.follow(wanted);
  }

  async function end(grace?: AbortSignal): Promise<void> {
    const ending = loops;
    loops = undefined;
    for (const loop of ending?.values() ?? [])
      for (const key of ['delivered', 'failed', 'dead'] as const) before[key] += loop.counts[key];
    await Promise.all([...(ending?.values() ?? [])].map((loop) => loop.stop(grace)));
  }

  return {
    channels: [rulesChannel, deliveryChannel],
    attach(next) {
      connection = next;
      // Its statements go to a connection that is lost.
      void end();
      refresh();
    },
    wake(channel, payload) {
      if (channel === rulesChannel) refresh();
      else loops?.get(payload)?.wake();
    },
    async stop(grace) {
      stopping = true;
      clearTimeout(timer);
      await running;
      await end(grace);
      await inbox?.stop();
      await stream?.stop();
    },
    detail() {
      const counts = { ...before };
      for (const loop of loops?.values() ?? [])
        for (const key of ['delivered', 'failed', 'dead'] as const) counts[key] += loop.counts[key];
      return {
        ...(counts.delivered + counts.failed + counts.dead > 0 && {
          outboxDelivered: counts.delivered,
          outboxFailed: counts.failed,
          outboxDead: counts.dead,
        }),
        ...(inbox && { inboxTaken: inbox.taken }),
        ...(stream && { outboxNats: stream.isConnected ? 1 : 0 }),
      };
    },
  };
}
