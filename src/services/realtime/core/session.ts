import type { ClientConnection, ConnectionListener } from '../wire/client-connection.ts';
import { decodeBinary, decodeText } from '../wire/decode.ts';
import type { ClientMessage, Version } from '../wire/messages.ts';
import type { Channel } from './channel.ts';
import { handleOnChannel } from './channel-events.ts';
import type { OpenSession, RealtimeContext } from './context.ts';
import { topicPrefix } from './hub.ts';
import { type JoiningSocket, join } from './join.ts';
import { reason, replyFrame } from './reply.ts';
import type { Token } from './token.ts';

/** What a socket was opened with. */
export interface Handshake {
  readonly version: Version;
  /** Of the API key. */
  readonly token: Token;
  /** JSON text of the headers whose names begin with `x-`. */
  readonly headers: string;
  /** Of the request it was opened with. */
  readonly reqId: string;
}

/**
 * One socket and its channels. Its messages are handled one after the other: while one waits for the database, nothing more
 * is read.
 */
export class Session implements ConnectionListener, JoiningSocket, OpenSession {
  readonly context: RealtimeContext;
  readonly version: Version;
  readonly token: Token;
  readonly headers: string;
  readonly reqId: string;
  readonly #connection: ClientConnection;
  /** By topic; made for the first one, since many sockets have none. */
  #channels: Map<string, Channel> | undefined;
  #waiting: ClientMessage[] | undefined;
  #isOpen = true;
  /** When it last had a channel, in milliseconds. */
  idleSince: number;

  constructor(context: RealtimeContext, connection: ClientConnection, handshake: Handshake) {
    this.context = context;
    this.#connection = connection;
    this.version = handshake.version;
    this.token = handshake.token;
    this.headers = handshake.headers;
    this.reqId = handshake.reqId;
    this.idleSince = context.clock.now();
    context.sessions.add(this);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get takesBinary(): boolean {
    return this.version === 2 && this.#connection.takesBinary;
  }

  get channels(): Iterable<Channel> {
    return this.#channels?.values() ?? [];
  }

  get channelCount(): number {
    return this.#channels?.size ?? 0;
  }

  channel(topic: string): Channel | undefined {
    return this.#channels?.get(topic);
  }

  /** A channel was joined. */
  add(channel: Channel): void {
    this.#channels ??= new Map();
    if (this.#channels.size === 0) this.context.users.here++;
    this.#channels.set(channel.topic, channel);
  }

  remove(channel: { readonly topic: string }): void {
    if (this.#channels?.get(channel.topic) !== channel) return;
    this.#channels.delete(channel.topic);
    if (this.#channels.size > 0) return;
    this.context.users.here--;
    this.idleSince = this.context.clock.now();
  }

  /** @param mayDrop see `ClientConnection.send` */
  send(frame: Buffer, mayDrop: boolean): boolean {
    const { counters } = this.context.metrics;
    const isSent = this.#connection.send(frame, mayDrop);
    if (isSent) counters.outputBytes += frame.length;
    else counters.dropped++;
    return isSent;
  }

  text(text: string): void {
    this.context.metrics.counters.inputBytes += text.length;
    this.#take(decodeText(this.version, text));
  }

  binary(frame: Buffer): void {
    this.context.metrics.counters.inputBytes += frame.length;
    this.#take(this.version === 2 ? decodeBinary(frame) : undefined);
  }

  caughtUp(dropped: number): void {
    const text = `${dropped} messages were left out because the client is too slow`;
    for (const channel of this.channels) channel.system('system', 'error', text);
  }

  closed(): void {
    this.#isOpen = false;
    this.context.sessions.delete(this);
    this.#waiting = undefined;
    const channels = [...this.channels];
    if (channels.length > 0) this.context.users.here--;
    this.#channels = undefined;
    for (const channel of channels) channel.end();
  }

  checkExpiry(now: number): void {
    // Most sockets have channels of one token, so this seldom copies anything.
    for (const channel of this.channels)
      if (channel.token.expires * 1_000 <= now) {
        for (const each of [...this.channels]) each.checkExpiry(now);
        return;
      }
  }

  /** Ends the socket; its channels are told by the message. */
  disconnect(code: number, message?: string): void {
    if (message !== undefined) for (const channel of this.channels) channel.system('system', 'ok', message);
    this.#connection.close(code);
  }

  #take(message: ClientMessage | undefined): void {
    if (!message) {
      this.context.metrics.counters.malformed++;
      return;
    }
    if (this.#waiting) {
      this.#waiting.push(message);
      return;
    }
    const work = this.#handle(message);
    if (work) void this.#workOff(work, message);
  }

  // What came in the same packet still arrives after `pause`; more than that is not read.
  async #workOff(first: Promise<void>, of: ClientMessage): Promise<void> {
    const waiting: ClientMessage[] = [];
    this.#waiting = waiting;
    this.#connection.pause();
    let work: Promise<void> | undefined = first;
    let message = of;
    for (;;) {
      try {
        await work;
      } catch (error) {
        this.#failed(message, error);
      }
      work = undefined;
      while (this.#isOpen && !work && waiting.length > 0) {
        message = waiting.shift() as ClientMessage;
        work = this.#handle(message);
      }
      if (!work) break;
    }
    this.#waiting = undefined;
    if (this.#isOpen) this.#connection.resume();
  }

  // Whoever joins is told at least that it came to nothing, instead of waiting in vain.
  #failed(message: ClientMessage, error: unknown): void {
    this.context.metrics.counters.errors++;
    this.context.log.error({ reqId: this.reqId, err: error }, 'a message could not be handled');
    const isJoin = message.kind === 'message' && message.event === 'phx_join';
    if (isJoin && this.#isOpen) this.answer(message, 'error', reason('Unknown Error on Channel'));
  }

  #handle(message: ClientMessage): Promise<void> | undefined {
    try {
      return this.#dispatch(message);
    } catch (error) {
      this.#failed(message, error);
      return undefined;
    }
  }

  #dispatch(message: ClientMessage): Promise<void> | undefined {
    const { topic } = message;
    if (message.kind === 'message') {
      if (topic === 'phoenix' && message.event === 'heartbeat') {
        this.answer({ ...message, joinRef: null }, 'ok');
        return undefined;
      }
      if (message.event === 'phx_join' && topic.startsWith(topicPrefix)) return join(this, message);
    }
    const channel = this.channel(topic);
    if (channel) return handleOnChannel(channel, message);
    if (message.kind === 'message' && message.event === 'phx_leave') this.answer(message, 'ok');
    else this.answer(message, 'error', reason('unmatched topic'));
    return undefined;
  }

  /** Replies to a message that belongs to no channel. */
  answer(message: ClientMessage, status: 'ok' | 'error', response?: string): void {
    this.send(replyFrame(this.version, message, status, response), false);
  }
}
