import { encodeBroadcastText, encodeMessage, encodeUserBroadcast } from '../wire/encode.ts';
import type { UserBroadcast, Version } from '../wire/messages.ts';

/** What goes to all members of a room. */
export type RoomMessage = {
  /** Of a stored broadcast; who was sent it already is spared it. */
  readonly id?: string;
} & (
  | /** Goes as text to everybody. `payload` is JSON text. */
  { readonly kind: 'text'; readonly event: string; readonly payload: string }
  /** Goes as bytes to protocol 2, as text to protocol 1 where it can. */
  | ({ readonly kind: 'user' } & Omit<UserBroadcast, 'topic'>)
);

/** A message on its way to many: encoded once for each protocol, when the first of its sockets needs it. */
export class Fanout {
  readonly #topic: string;
  readonly message: RoomMessage;
  readonly #frames: [Buffer | null | undefined, Buffer | null | undefined] = [undefined, undefined];

  /** @param topic with its `realtime:` */
  constructor(topic: string, message: RoomMessage) {
    this.#topic = topic;
    this.message = message;
  }

  /** @returns null where the protocol has no form for it */
  frame(version: Version): Buffer | null {
    const known = this.#frames[version - 1];
    if (known !== undefined) return known;
    const made = this.#encode(version) ?? null;
    this.#frames[version - 1] = made;
    return made;
  }

  #encode(version: Version): Buffer | undefined {
    const { message } = this;
    if (message.kind === 'text') {
      const { event, payload } = message;
      return encodeMessage(version, { joinRef: null, ref: null, topic: this.#topic, event, payload });
    }
    const broadcast = { ...message, topic: this.#topic };
    const binary = version === 2 ? encodeUserBroadcast(broadcast) : undefined;
    return binary ?? encodeBroadcastText(version, broadcast);
  }
}
