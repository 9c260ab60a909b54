import type { Bus } from '#kernel/bus';
import { gone, type LeaveSignal, nothing, type PollAnswer, type Published, type PublishStatus } from './answer.ts';
import { parseTicket, type Ticket, ticketText } from './ticket.ts';

/** The sessions a node keeps, for the others to ask. */
export interface KeptSessions {
  has(ticket: Ticket): boolean;
  poll(ticket: Ticket, signal: LeaveSignal): Promise<PollAnswer>;
  publish(ticket: Ticket, messages: readonly Published[]): Promise<PublishStatus>;
}

/** How nodes ask each other. */
export interface ForwardingOptions {
  readonly node: string;
  readonly bus: Bus;
  readonly sessions: KeptSessions;
  /** Milliseconds a poll waits on the node that keeps the session. */
  readonly window: number;
  /** Milliseconds within which that node has to say that it does. */
  readonly patience: number;
}

type Carried = string | { readonly base64: string };

type Said =
  /** `messages`: a publication; else a poll. */
  | {
      readonly kind: 'ask';
      readonly from: string;
      readonly ask: number;
      readonly ticket: string;
      readonly messages?: readonly Carried[];
    }
  | { readonly kind: 'kept'; readonly ask: number }
  | { readonly kind: 'answer'; readonly ask: number; readonly status: number; readonly messages: readonly string[] }
  | { readonly kind: 'left'; readonly from: string; readonly ask: number };

interface Asked {
  /** The other node keeps the session, and will answer. */
  kept(): void;
  answer(status: number, messages: readonly string[]): void;
  /** This node stops. */
  giveUp(): void;
}

const subjectOf = (node: string): string => `realtime.longpoll.${node}`;
const carry = (message: Published): Carried =>
  typeof message === 'string' ? message : { base64: message.toString('base64') };
const uncarry = (message: Carried): Published =>
  typeof message === 'string' ? message : Buffer.from(message.base64, 'base64');

/** Polls of sessions that other nodes keep: a load balancer hands requests to any node. */
export class Forwarding {
  readonly #options: ForwardingOptions;
  readonly #asked = new Map<number, Asked>();
  /** Polls answered here for others, by node and number. */
  readonly #answering = new Map<string, AbortController>();
  #lastAsk = 0;
  #end: (() => void) | undefined;

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  start(): void {
    const { bus, node } = this.#options;
    if (bus.isShared) this.#end = bus.subscribe(subjectOf(node), (payload) => this.#hear(payload as Said));
  }

  stop(): void {
    this.#end?.();
    this.#end = undefined;
    for (const asked of [...this.#asked.values()]) asked.giveUp();
    for (const controller of this.#answering.values()) controller.abort();
  }

  /** @returns `gone` when the node does not answer as well */
  async poll(ticket: Ticket, signal: LeaveSignal): Promise<PollAnswer> {
    const { status, messages } = await this.#ask(ticket, undefined, signal);
    if (status === 200) return { status, messages };
    return status === 410 ? gone : nothing;
  }

  async publish(ticket: Ticket, messages: readonly Published[]): Promise<PublishStatus> {
    const { status } = await this.#ask(ticket, messages);
    return status === 200 || status === 410 || status === 429 ? status : 408;
  }

  #ask(
    ticket: Ticket,
    messages: readonly Published[] | undefined,
    signal?: LeaveSignal,
  ): Promise<{ readonly status: number; readonly messages: readonly string[] }> {
    const { bus, node, window, patience } = this.#options;
    if (!this.#end) return Promise.resolve(gone);
    const ask = ++this.#lastAsk;
    return new Promise((resolve) => {
      const finish = (answer: { status: number; messages: readonly string[] }) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
        this.#asked.delete(ask);
        resolve(answer);
      };
      const leave = () => {
        bus.publish(subjectOf(ticket.node), { kind: 'left', from: node, ask } satisfies Said);
        finish({ status: 204, messages: [] });
      };
      let timer = setTimeout(() => finish({ status: 410, messages: [] }), patience);
      this.#asked.set(ask, {
        kept() {
          clearTimeout(timer);
          timer = setTimeout(() => finish({ status: 204, messages: [] }), window + patience);
        },
        answer: (status, given) => finish({ status, messages: given }),
        giveUp: leave,
      });
      signal?.addEventListener('abort', leave);
      bus.publish(subjectOf(ticket.node), {
        kind: 'ask',
        from: node,
        ask,
        ticket: ticketText(ticket),
        ...(messages && { messages: messages.map(carry) }),
      } satisfies Said);
    });
  }

  #hear(said: Said): void {
    if (said.kind === 'ask') void this.#answer(said);
    else if (said.kind === 'kept') this.#asked.get(said.ask)?.kept();
    else if (said.kind === 'answer') this.#asked.get(said.ask)?.answer(said.status, said.messages);
    else if (said.kind === 'left') this.#answering.get(`${said.from} ${said.ask}`)?.abort();
  }

  async #answer({ from, ask, ticket: text, messages }: Said & { readonly kind: 'ask' }): Promise<void> {
    const { bus, sessions } = this.#options;
    const say = (said: Said) => bus.publish(subjectOf(from), said);
    const ticket = parseTicket(text);
    if (!ticket || !sessions.has(ticket)) {
      say({ kind: 'answer', ask, status: 410, messages: [] });
      return;
    }
    say({ kind: 'kept', ask });
    if (messages) {
      const status = await sessions.publish(ticket, messages.map(uncarry));
      say({ kind: 'answer', ask, status, messages: [] });
      return;
    }
    const key = `${from} ${ask}`;
    const controller = new AbortController();
    this.#answering.set(key, controller);
    const answer = await sessions.poll(ticket, controller.signal);
    this.#answering.delete(key);
    say({ kind: 'answer', ask, ...answer });
  }
}
