/** Protocol of a socket: 1 = JSON objects (`vsn=1.0.0`), 2 = JSON arrays and binary frames (`vsn=2.0.0`). */
export type Version = 1 | 2;

/** A reference as the client wrote it; handed back untouched. */
export type Ref = string | number | null;

/** How the payload of a binary broadcast is to be read. */
export type Encoding = 'raw' | 'json';

/** A message of a client, whichever frame it came in. */
export type ClientMessage =
  | {
      readonly kind: 'message';
      readonly joinRef: Ref;
      readonly ref: Ref;
      /** With its `realtime:`. */
      readonly topic: string;
      readonly event: string;
      readonly payload: unknown;
      /** Of broadcasts and presence the payload's JSON text as it was sent, with all its digits. */
      readonly payloadText?: string;
    }
  /** Kind 3 of protocol 2: a broadcast whose payload nobody has looked into. */
  | {
      readonly kind: 'user-broadcast';
      readonly joinRef: Ref;
      readonly ref: Ref;
      readonly topic: string;
      readonly event: string;
      readonly encoding: Encoding;
      readonly payload: Buffer;
    };

/** A message to a client, before it is encoded. `payload` is JSON text. */
export interface ServerMessage {
  readonly joinRef: Ref;
  readonly ref: Ref;
  readonly topic: string;
  readonly event: string;
  readonly payload: string;
}

/** Kind 4 of protocol 2. */
export interface UserBroadcast {
  readonly topic: string;
  readonly event: string;
  /** JSON text, or empty. */
  readonly metadata: string;
  readonly encoding: Encoding;
  readonly payload: Buffer;
}
