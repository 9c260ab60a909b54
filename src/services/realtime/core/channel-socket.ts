import type { Version } from '../wire/messages.ts';
import type { Token } from './token.ts';

/** The socket a channel is on, as far as the channel needs it. */
export interface ChannelSocket {
  readonly version: Version;
  /** Whether frames of bytes reach it: protocol 2 over a WebSocket. */
  readonly takesBinary: boolean;
  /** Of the API key. */
  readonly token: Token;
  /** JSON text of the handshake's headers whose names begin with `x-`. */
  readonly headers: string;
  /** Of the request it was opened with. */
  readonly reqId: string;
  /** @returns false when it was left out; see `ClientConnection.send` */
  send(frame: Buffer, mayDrop: boolean): boolean;
  /** The channel has ended. */
  remove(channel: { readonly topic: string }): void;
}
