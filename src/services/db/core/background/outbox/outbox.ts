import { createEventStream, type EventStream } from '#kernel/bus';
import type { Egress } from '#kernel/egress';
import type { Logger } from '#kernel/log';
import type { DbSettings } from '../../../settings.ts';
import {
  bury,
  claimOutbox,
  dueEvents,
  natsRules,
  nextDue,
  type OutboxEvent,
  postpone,
  removeDelivered,
} from '../../../sql/background/outbox.ts';
import type { WorkConnection } from '../../../sql/background/work-connection.ts';
import { type BackgroundPart, isAbsent } from '../part.ts';
import { deliver, type Outcome } from './delivery.ts';
import { pauseAfter } from './event-message.ts';
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
const awayAgainAfter = 1_000;
const longestTimer = 3_600_000;

/**
 * Delivers what stands in the outbox: events of one key in order, at least once. An event is forgotten when its receiver has
 * taken it; one that cannot be delivered is tried again, later each time, and becomes a dead letter after the attempts of its
 * rule. While NATS is away its events wait without counting. One node delivers.
 */
export function createOutbox(options: OutboxOptions): BackgroundPart {
  const { settings, log } = options;
  let connection: WorkConnection | undefined;
  let isOwner = false;
  let again = false;
  let stopping = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stream: EventStream | undefined;
  let inbox: Inbox | undefined;
  const counts = { delivered: 0, failed: 0, dead: 0 };

  const deliveryOptions = () => ({
    egress: options.egress,
    stream,
    timeout: settings.outboxTimeout,
    serviceKey: options.serviceKey,
    now: Date.now,
  });

  function run(): void {
    if (stopping) return;
    again = true;
    running ??= work().finally(() => {
      running = undefined;
      if (again && connection && !stopping) run();
    });
  }

  function runIn(milliseconds: number): void {
    clearTimeout(timer);
    timer = setTimeout(run, Math.min(Math.max(milliseconds, 10), longestTimer)).unref();
  }

  async function work(): Promise<void> {
    while (again && connection && !stopping) {
      again = false;
      const current = connection;
      try {
        isOwner ||= await claimOutbox(current);
        if (!isOwner) return runIn(claimEvery);
        await prepare(current);
        let stuck = false;
        while (current === connection && !stopping) {
          const withNats = !stream || stream.isConnected;
          const events = await dueEvents(current, settings.outboxBatch, withNats);
          if (events.length === 0) break;
          stuck = !(await deliverAll(current, events));
          if (stuck) break;
        }
        const due = await nextDue(current);
        // The return of NATS wakes us as well, unless it came between two looks.
        const isAway = stuck || (stream && !stream.isConnected);
        if (isAway) runIn(Math.min(due ?? awayAgainAfter, awayAgainAfter));
        else if (due !== undefined) runIn(due);
      } catch (error) {
        if (!current.usable || isAbsent(error)) return;
        log.error({ err: error }, 'outbox: the events could not be worked on');
        runIn(claimEvery);
      }
    }
  }

  /** Connects to NATS as soon as a rule needs it, and follows the rules for messages that come in. */
  async function prepare(current: WorkConnection): Promise<void> {
    if (options.natsServers.length === 0) return;
    const rules = await natsRules(current);
    if (!stream) {
      if (!rules.sends && rules.inbox.length === 0) return;
      stream = createEventStream({
        servers: options.natsServers,
        stream: {
          name: settings.outboxStream,
          subjects: settings.outboxSubjects,
          keep: settings.outboxKeep,
          duplicateWindow: settings.outboxDuplicates,
        },
        onState(state, error) {
          if (state === 'connected') run();
          else log.warn({ ...(error !== undefined && { err: error }) }, 'outbox: NATS is away');
        },
      });
      inbox = createInbox(stream, () => (isOwner ? connection : undefined), log);
      stream.start();
    }
    inbox?.follow(rules.inbox);
  }

  /** @returns false when there is nothing to be done before something changes */
  async function deliverAll(current: WorkConnection, events: readonly OutboxEvent[]): Promise<boolean> {
    const chains = chainsOf(events);
    const delivered: string[] = [];
    let moved = false;
    const next = async (): Promise<void> => {
      for (let chain = chains.shift(); chain; chain = chains.shift()) {
        for (const event of chain) {
          // Another node may be the one that delivers by now.
          if (stopping || current !== connection) return;
          const outcome = await deliver(event, deliveryOptions());
          if (outcome.kind === 'delivered') delivered.push(event.id);
          else if (!(await failed(current, event, outcome))) break;
          else moved = true;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(settings.outboxConcurrency, chains.length) }, next));
    counts.delivered += delivered.length;
    if (delivered.length > 0) await removeDelivered(current, delivered);
    return moved || delivered.length > 0;
  }

  /** @returns whether the next event of the same key may go */
  async function failed(
    current: WorkConnection,
    event: OutboxEvent,
    outcome: Exclude<Outcome, { kind: 'delivered' }>,
  ): Promise<boolean> {
    if (outcome.kind === 'away') return false;
    counts.failed++;
    const attempts = event.attempts + 1;
    if (outcome.kind === 'hopeless' || attempts >= event.maxAttempts) {
      await bury(current, event.id, outcome.error);
      counts.dead++;
      log.warn({ rule: event.rule, event: event.id, reason: outcome.error }, 'outbox: an event is a dead letter');
      return true;
    }
    await postpone(current, event.id, outcome.error, pauseAfter(attempts, Math.random()));
    return false;
  }

  return {
    channel: 'pmoves_outbox',
    attach(next) {
      connection = next;
      isOwner = false;
      run();
    },
    wake: run,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await running;
      await inbox?.stop();
      await stream?.stop();
    },
    detail: () => ({
      ...(counts.delivered + counts.failed + counts.dead > 0 && {
        outboxDelivered: counts.delivered,
        outboxFailed: counts.failed,
        outboxDead: counts.dead,
      }),
      ...(inbox && { inboxTaken: inbox.taken }),
      ...(stream && { outboxNats: stream.isConnected ? 1 : 0 }),
    }),
  };
}

/** The events of each key, in their order. */
function chainsOf(events: readonly OutboxEvent[]): OutboxEvent[][] {
  const chains = new Map<string, OutboxEvent[]>();
  for (const event of events) {
    const chain = chains.get(event.key);
    if (chain) chain.push(event);
    else chains.set(event.key, [event]);
  }
  return [...chains.values()];
}
