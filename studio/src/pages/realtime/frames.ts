/** A message of the protocol (Phoenix channels, 2.0.0), whichever form it had on the wire. */
export interface Frame {
  readonly joinRef: string | null;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: unknown;
}

/** Writes a message as text. */
export const encodeFrame = ({ joinRef, ref, topic, event, payload }: Frame): string =>
  JSON.stringify([joinRef, ref, topic, event, payload]);

const userBroadcast = 4;
const headBytes = 5;

/** Reads what the server sent: text, or a broadcast in its binary form. Undefined for what is neither. */
export function decodeFrame(data: unknown): Frame | undefined {
  if (typeof data === 'string') return decodeText(data);
  return data instanceof ArrayBuffer ? decodeBroadcast(new Uint8Array(data)) : undefined;
}

function decodeText(text: string): Frame | undefined {
  const value = parse(text);
  if (!Array.isArray(value) || value.length < 5) return undefined;
  const [joinRef, ref, topic, event, payload] = value as unknown[];
  if (typeof topic !== 'string' || typeof event !== 'string') return undefined;
  return { joinRef: refOf(joinRef), ref: refOf(ref), topic, event, payload };
}

/** Kind, lengths of topic, event and metadata, encoding, then all of these and the payload. */
function decodeBroadcast(bytes: Uint8Array): Frame | undefined {
  const [kind, topicLength = 0, eventLength = 0, metaLength = 0, encoding] = bytes;
  const start = headBytes + topicLength + eventLength + metaLength;
  if (kind !== userBroadcast || bytes.length < Math.max(headBytes, start)) return undefined;
  const text = (from: number, to?: number) => new TextDecoder().decode(bytes.subarray(from, to));
  const eventAt = headBytes + topicLength;
  const meta = parse(text(eventAt + eventLength, start));
  return {
    joinRef: null,
    ref: null,
    topic: text(headBytes, eventAt),
    event: 'broadcast',
    payload: {
      type: 'broadcast',
      event: text(eventAt, eventAt + eventLength),
      payload: encoding === 1 ? parse(text(start)) : `${bytes.length - start} bytes`,
      ...(meta !== undefined && { meta }),
    },
  };
}

const refOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a message is about; `protocol` is joining, replies and signs of life. */
export const frameKinds = ['broadcast', 'presence', 'changes', 'system', 'protocol'] as const;

/** One of them. */
export type FrameKind = (typeof frameKinds)[number];

/** Kind of a message. */
export function kindOf({ event }: Pick<Frame, 'event'>): FrameKind {
  if (event === 'broadcast' || event === 'system') return event;
  if (event === 'postgres_changes') return 'changes';
  return event.startsWith('presence') ? 'presence' : 'protocol';
}
