import { encodeMessage, encodeUserBroadcast } from '../wire/encode.ts';
import type { ClientMessage, Ref } from '../wire/messages.ts';
import type { Extension, Readable } from './access/access.ts';
import type { FeedSubscription } from './changes/feed.ts';
import type { ChannelSocket } from './channel-socket.ts';
import type { RealtimeContext, ReplayedMessage } from './context.ts';
import type { Fanout, RoomMessage } from './fanout.ts';
import { type Member, type RoomKey, topicPrefix } from './hub.ts';
import type { JoinConfig } from './join-config.ts';
import { replyFrame } from './reply.ts';
import { expired, type Token } from './token.ts';

/** What a channel starts with. */
export interface ChannelOptions {
  readonly context: RealtimeContext;
  readonly session: ChannelSocket;
  readonly name: string;
  readonly joinRef: Ref;
  readonly config: JoinConfig;
  readonly token: Token;
  readonly readable: Readable;
}

/** A topic one socket has joined. */
export class Channel implements Member {
  readonly context: RealtimeContext;
  readonly session: ChannelSocket;
  /** Topic without `realtime:`. */
  readonly name: string;
  readonly joinRef: Ref;
  readonly isPrivate: boolean;
  /** Stored broadcasts come with the changes, each with its position (`config.resume`). */
  readonly followsStored: boolean;
  readonly #ack: boolean;
  readonly #self: boolean;
  token: Token;
  readable: Readable;
  /** What may be written, as far as it was asked for under this token. */
  readonly writable = new Map<Extension, boolean>();
  presenceKey: string;
  /** True once the client takes part in presence. */
  presence: boolean;
  /** Ref and object of what it tracks. */
  tracked: { readonly ref: string; readonly meta: string } | undefined;
  /** Times of its calls in the present window. */
  presenceCalls: { since: number; count: number } | undefined;
  subscription: FeedSubscription | undefined;
  /** Live messages that wait until stored ones were sent. */
  #held: Fanout[] | undefined;
  #replayed: Set<string> | undefined;
  #isOpen = true;

  constructor({ context, session, name, joinRef, config, token, readable }: ChannelOptions) {
    this.context = context;
    this.session = session;
    this.name = name;
    this.joinRef = joinRef;
    this.isPrivate = config.isPrivate;
    this.followsStored = config.resume !== undefined && context.feed !== undefined;
    this.#ack = config.ack;
    this.#self = config.self;
    this.token = token;
    this.readable = readable;
    this.presenceKey = config.presenceKey;
    this.presence = config.presence;
  }

  get topic(): string {
    return topicPrefix + this.name;
  }

  get room(): RoomKey {
    return { isPrivate: this.isPrivate, name: this.name };
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A message to the room. */
  receive(fanout: Fanout): boolean {
    if (this.#held) {
      this.#held.push(fanout);
      return true;
    }
    const { message } = fanout;
    if (message.id !== undefined && this.followsStored) return false;
    return this.#give(fanout, true);
  }

  /** A stored broadcast, in one order with the changes; never left out. */
  receiveStored(fanout: Fanout): void {
    if (this.#isOpen && this.#give(fanout, false)) this.context.rates.events.add(1);
  }

  #give(fanout: Fanout, mayDrop: boolean): boolean {
    const { message } = fanout;
    const isPresence = message.kind === 'text' && message.event === 'presence_diff';
    if (isPresence ? !this.readable.presence : !this.readable.broadcast) return false;
    if (this.#replayed && message.id !== undefined && this.#replayed.has(message.id)) return false;
    const frame = fanout.frame(this.session);
    if (frame === null) return false;
    if (isPresence) this.context.metrics.counters.presenceEvents++;
    return this.session.send(frame, mayDrop);
  }

  /** Keeps live messages back until `release`. */
  hold(): void {
    this.#held = [];
  }

  /** Sends stored messages, then what was kept back, without those that were among them. */
  release(stored: readonly ReplayedMessage[]): void {
    if (stored.length > 0) this.#replayed = new Set(stored.map(({ id }) => id));
    for (const message of stored) this.#replay(message);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const fanout of held) this.receive(fanout);
  }

  #replay({ id, event, payload, binaryPayload }: ReplayedMessage): void {
    const metadata = JSON.stringify({ replayed: true, id });
    if (binaryPayload) {
      if (!this.session.takesBinary) return;
      const { topic } = this;
      const frame = encodeUserBroadcast({ topic, event, metadata, encoding: 'raw', payload: binaryPayload });
      if (frame) this.session.send(frame, false);
    } else
      this.push(
        'broadcast',
        `{"event":${JSON.stringify(event)},"payload":${payload ?? '{}'},"type":"broadcast","meta":${metadata}}`,
      );
    this.context.rates.events.add(1);
  }

  /** @param payload JSON text */
  push(event: string, payload: string): void {
    const { joinRef, topic } = this;
    this.session.send(encodeMessage(this.session.version, { joinRef, ref: null, topic, event, payload }), false);
  }

  reply(message: ClientMessage, status: 'ok' | 'error', response?: string): void {
    const { joinRef, topic } = this;
    this.session.send(replyFrame(this.session.version, { joinRef, ref: message.ref, topic }, status, response), false);
  }

  system(extension: string, status: 'ok' | 'error', message: string): void {
    this.push('system', JSON.stringify({ channel: this.name, extension, message, status }));
  }

  /** Sends a broadcast of this client to the room. */
  broadcast(message: ClientMessage, outgoing: RoomMessage): void {
    const { hub, rates, relay } = this.context;
    const count = hub.deliver(this.room, outgoing, this.#self ? undefined : this);
    rates.events.add(count + 1);
    relay(this.room, outgoing);
    if (this.#ack) this.reply(message, 'ok');
  }

  get wantsReplies(): boolean {
    return this.#ack;
  }

  /** Ends it because its token is past its time. */
  checkExpiry(now: number): void {
    if (this.token.expires * 1_000 <= now) this.fail(expired(this.token.expires, now).message);
  }

  /** Says why, and ends it. */
  fail(message: string): void {
    if (!this.#isOpen) return;
    this.system('system', 'error', message);
    this.close();
  }

  /** Ends it, as by a wish of the client or the server's. */
  close(): void {
    if (!this.#isOpen) return;
    const { joinRef, topic } = this;
    this.session.send(
      encodeMessage(this.session.version, { joinRef, ref: joinRef, topic, event: 'phx_close', payload: '{}' }),
      false,
    );
    this.session.remove(this);
    this.end();
  }

  /** Gives back what it holds; nothing is sent. */
  end(): void {
    this.#isOpen = false;
    this.context.hub.leave(this.room, this);
    this.subscription?.close();
    this.subscription = undefined;
    if (this.tracked) this.context.presence.untrack(this.tracked.ref);
    this.tracked = undefined;
  }
}
