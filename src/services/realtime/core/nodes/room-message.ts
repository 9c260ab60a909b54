import type { RoomMessage } from '../fanout.ts';
import type { RoomKey } from '../hub.ts';

/** A message for a room, on its way between nodes. */
export interface Envelope {
  /** The node it comes from. */
  readonly node: string;
  readonly room: RoomKey;
  readonly message: RoomMessage;
}

interface Head {
  readonly n: string;
  readonly p: boolean;
  readonly t: string;
  readonly k: 'text' | 'user';
  readonly e: string;
  readonly i?: string;
  readonly m?: string;
  readonly c?: 'raw' | 'json';
}

/** One buffer: length of the head, the head as JSON, the payload untouched. */
export function packEnvelope({ node, room, message }: Envelope): Buffer {
  const head: Head = {
    n: node,
    p: room.isPrivate,
    t: room.name,
    k: message.kind,
    e: message.event,
    ...(message.id !== undefined && { i: message.id }),
    ...(message.kind === 'user' && { m: message.metadata, c: message.encoding }),
  };
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, message.kind === 'user' ? message.payload : Buffer.from(message.payload)]);
}

/** @returns undefined for bytes that are no envelope; a node of another release may send such */
export function unpackEnvelope(bytes: Buffer): Envelope | undefined {
  if (bytes.length < 4) return undefined;
  const end = 4 + bytes.readUInt32BE(0);
  if (end > bytes.length) return undefined;
  let head: Head;
  try {
    head = JSON.parse(bytes.toString('utf8', 4, end)) as Head;
  } catch {
    return undefined;
  }
  if (typeof head?.n !== 'string' || typeof head.t !== 'string' || typeof head.e !== 'string') return undefined;
  const room = { isPrivate: head.p === true, name: head.t };
  const id = head.i === undefined ? {} : { id: head.i };
  const payload = bytes.subarray(end);
  const message: RoomMessage =
    head.k === 'user'
      ? { ...id, kind: 'user', event: head.e, metadata: head.m ?? '', encoding: head.c ?? 'raw', payload }
      : { ...id, kind: 'text', event: head.e, payload: payload.toString() };
  return { node: head.n, room, message };
}
