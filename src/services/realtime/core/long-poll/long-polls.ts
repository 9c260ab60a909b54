import type { Bus } from '#kernel/bus';
import type { BacklogLimits } from '../../wire/client-connection.ts';
import { createFlusher } from '../../wire/flusher.ts';
import { LongPollConnection } from '../../wire/long-poll-connection.ts';
import type { RealtimeContext } from '../context.ts';
import { type Handshake, Session } from '../session.ts';
import { gone, type LeaveSignal, type PollAnswer, type Published, type PublishStatus } from './answer.ts';
import { Forwarding } from './forwarding.ts';
import { PollSession } from './poll-session.ts';
import { newTicket, parseTicket, type Ticket, ticketText } from './ticket.ts';

/** How long polling is served. */
export interface LongPollsOptions {
  readonly context: RealtimeContext;
  readonly bus: Bus;
  readonly backlog: BacklogLimits;
  /** Milliseconds a poll waits for messages; a session is over after two windows without one. */
  readonly window: number;
  /** Milliseconds within which another node has to say that it keeps a session. */
  readonly patience: number;
  /** Sessions kept on this node at most. */
  readonly most: number;
  /** Sessions woken in one turn of the event loop. */
  readonly flushSlice: number;
}

/** Sessions of clients that poll: those kept here, and the way to those of other nodes. */
export class LongPolls {
  readonly #options: LongPollsOptions;
  readonly #flusher;
  readonly #forwarding: Forwarding;
  readonly #sessions = new Map<string, PollSession>();

  constructor(options: LongPollsOptions) {
    const { context, bus, window, patience, flushSlice } = options;
    this.#options = options;
    this.#flusher = createFlusher(flushSlice);
    this.#forwarding = new Forwarding({
      node: context.node,
      bus,
      window,
      patience,
      sessions: {
        has: (ticket) => this.#kept(ticket) !== undefined,
        poll: async (ticket, signal) => (await this.#kept(ticket)?.poll(signal)) ?? gone,
        publish: async (ticket, messages) => (await this.#kept(ticket)?.publish(messages)) ?? 410,
      },
    });
  }

  get size(): number {
    return this.#sessions.size;
  }

  start(): void {
    this.#forwarding.start();
  }

  /** Polls of other nodes' sessions are answered, so that their clients ask elsewhere. */
  stop(): void {
    this.#forwarding.stop();
  }

  /** Opens a session on this node. @returns its ticket; undefined when there are too many */
  open(handshake: Handshake): string | undefined {
    const { context, backlog, window, most } = this.#options;
    if (this.#sessions.size >= most) return undefined;
    const ticket = newTicket(context.node);
    const connection = new LongPollConnection(this.#flusher, backlog);
    connection.listener = new Session(context, connection, handshake);
    this.#sessions.set(ticket.id, new PollSession(ticket, connection, window, () => context.clock.now()));
    return ticketText(ticket);
  }

  /** @param signal aborted: the messages stay for the next poll */
  async poll(text: string, signal: LeaveSignal): Promise<PollAnswer> {
    const ticket = parseTicket(text);
    if (!ticket) return gone;
    if (this.#isElsewhere(ticket)) return this.#forwarding.poll(ticket, signal);
    return (await this.#kept(ticket)?.poll(signal)) ?? gone;
  }

  async publish(text: string, messages: readonly Published[]): Promise<PublishStatus> {
    const ticket = parseTicket(text);
    if (!ticket) return 410;
    if (this.#isElsewhere(ticket)) return this.#forwarding.publish(ticket, messages);
    return (await this.#kept(ticket)?.publish(messages)) ?? 410;
  }

  /** Looks for clients that are gone; to be called every few seconds. */
  sweep(): void {
    for (const [id, session] of this.#sessions) {
      session.check();
      if (session.isOver) this.#sessions.delete(id);
    }
  }

  #isElsewhere({ node }: Ticket): boolean {
    return node !== this.#options.context.node;
  }

  #kept(ticket: Ticket): PollSession | undefined {
    const session = this.#sessions.get(ticket.id);
    return session?.isOf(ticket) && !session.isOver ? session : undefined;
  }
}
