import type { LongPollConnection } from '../../wire/long-poll-connection.ts';
import { gone, type LeaveSignal, nothing, type PollAnswer, type Published, type PublishStatus } from './answer.ts';
import { isSameSecret, type Ticket } from './ticket.ts';

/** Clients send one batch at a time; one that sends so many at once is refused. */
const mostWaiting = 16;

/** A session whose client polls, on the node that keeps it. */
export class PollSession {
  readonly ticket: Ticket;
  readonly connection: LongPollConnection;
  /** Milliseconds a poll waits, and a publication. */
  readonly #window: number;
  readonly #now: () => number;
  #polls = 0;
  #polledAt: number;
  #publications = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ticket: Ticket, connection: LongPollConnection, window: number, now: () => number) {
    this.ticket = ticket;
    this.connection = connection;
    this.#window = window;
    this.#now = now;
    this.#polledAt = now();
  }

  /** Nothing will come of it any more. */
  get isOver(): boolean {
    return this.connection.isClosed && this.connection.backlog === 0;
  }

  isOf({ secret }: Ticket): boolean {
    return isSameSecret(this.ticket.secret, secret);
  }

  /** Ends it when nobody has asked for two windows. */
  check(): void {
    if (this.#polls > 0 || this.#now() - this.#polledAt <= 2 * this.#window) return;
    this.connection.close();
    this.connection.take();
  }

  /** What has come since the last poll; waits for it when there is nothing. */
  async poll(signal?: LeaveSignal): Promise<PollAnswer> {
    this.#polls++;
    try {
      const { connection } = this;
      if (connection.backlog === 0 && !connection.isClosed && !(await this.#somethingComes(signal))) return nothing;
      // Nobody is there any more to be given it.
      if (signal?.aborted) return nothing;
      const messages = connection.take();
      if (messages.length > 0) return { status: 200, messages };
      return connection.isClosed ? gone : nothing;
    } finally {
      this.#polls--;
      this.#polledAt = this.#now();
    }
  }

  /** Hands messages to the session, and waits until it has handled them. Batches have their turn one after the other. */
  async publish(messages: readonly Published[]): Promise<PublishStatus> {
    if (this.#publications >= mostWaiting) return 429;
    this.#publications++;
    const end = performance.now() + this.#window;
    const turn = this.#turn.then(() => this.#publish(messages, end));
    this.#turn = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#publications--;
    }
  }

  async #publish(messages: readonly Published[], end: number): Promise<PublishStatus> {
    const { connection } = this;
    for (const message of messages) {
      if (!(await this.#takes(end))) return 408;
      const { listener } = connection;
      if (connection.isClosed || !listener) return 410;
      if (typeof message === 'string') listener.text(message);
      else listener.binary(message);
    }
    return (await this.#takes(end)) ? 200 : 408;
  }

  /** Whether the session is done with what it was given before `end`. */
  async #takes(end: number): Promise<boolean> {
    const { paused } = this.connection;
    if (!paused) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), Math.max(0, end - performance.now()));
    });
    const done = await Promise.race([paused.then(() => true as const), late]);
    clearTimeout(timer);
    return done;
  }

  /** @returns false when nothing came within the window, or the client has left */
  #somethingComes(signal: LeaveSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (came: boolean) => {
        clearTimeout(timer);
        endWait();
        signal?.removeEventListener('abort', leave);
        resolve(came);
      };
      const leave = () => finish(false);
      const timer = setTimeout(leave, this.#window);
      const endWait = this.connection.wait(() => finish(true));
      signal?.addEventListener('abort', leave);
      if (signal?.aborted) leave();
    });
  }
}
