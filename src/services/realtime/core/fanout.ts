import { encodeBroadcastText, encodeMessage, encodeUserBroadcast } from '../wire/encode.ts';
import type { UserBroadcast, Version } from '../wire/messages.ts';
import type { ChannelSocket } from './channel-socket.ts';

/** What goes to all members of a room. */
export type RoomMessage = {
  /** Of a stored broadcast; who was sent it already is spared it. */
  readonly id?: string;
} & (
  | /** Goes as text to everybody. `payload` is JSON text. */
  { readonly kind: 'text'; readonly event: string; readonly payload: string }
  /** Goes as bytes to who takes bytes, as text to the others where it can. */
  | ({ readonly kind: 'user' } & Omit<UserBroadcast, 'topic'>)
);

/** A message on its way to many: encoded once for each form, when the first of its sockets needs it. */
export class Fanout {
  readonly #topic: string;
  readonly message: RoomMessage;
  /** As bytes, as text of protocol 1, of protocol 2. */
  readonly #frames: (Buffer | null | undefined)[] = [undefined, undefined, undefined];

  /** @param topic with its `realtime:` */
  constructor(topic: string, message: RoomMessage) {
    this.#topic = topic;
    this.message = message;
  }

  /** @returns null where the socket's protocol has no form for it */
  frame(socket: Pick<ChannelSocket, 'version' | 'takesBinary'>): Buffer | null {
    const { version } = socket;
    const form = this.message.kind === 'user' && socket.takesBinary ? 0 : version;
    const known = this.#frames[form];
    if (known !== undefined) return known;
    const made = this.#encode(version, form === 0) ?? null;
    this.#frames[form] = made;
    return made;
  }

  #encode(version: Version, asBytes: boolean): Buffer | undefined {
    const { message } = this;
    if (message.kind === 'text') {
      const { event, payload } = message;
      return encodeMessage(version, { joinRef: null, ref: null, topic: this.#topic, event, payload });
    }
    const broadcast = { ...message, topic: this.#topic };
    const binary = asBytes ? encodeUserBroadcast(broadcast) : undefined;
    return binary ?? encodeBroadcastText(version, broadcast);
  }
}
