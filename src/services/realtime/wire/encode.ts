import type { ServerMessage, UserBroadcast, Version } from './messages.ts';
import { binaryFrame, textFrame } from './websocket-frame.ts';

/** A message as one whole WebSocket frame. Protocol 1 has no join_ref on what the server sends. */
export function encodeMessage(version: Version, message: ServerMessage): Buffer {
  const { joinRef, ref, topic, event, payload } = message;
  const text =
    version === 1
      ? `{"topic":${JSON.stringify(topic)},"event":${JSON.stringify(event)},"payload":${payload},"ref":${JSON.stringify(ref)}}`
      : `[${JSON.stringify(joinRef)},${JSON.stringify(ref)},${JSON.stringify(topic)},${JSON.stringify(event)},${payload}]`;
  return textFrame(text);
}

/** Longest topic, event or metadata that a binary frame can name, in bytes. */
const longest = 255;

/**
 * A broadcast as kind 4 of protocol 2, as one whole WebSocket frame.
 *
 * @returns undefined when a part is too long for the form
 */
export function encodeUserBroadcast(broadcast: UserBroadcast): Buffer | undefined {
  const { topic, event, metadata, encoding, payload } = broadcast;
  const lengths = [topic, event, metadata].map((part) => Buffer.byteLength(part));
  if (lengths.some((length) => length > longest)) return undefined;
  const [topicLength = 0, eventLength = 0, metadataLength = 0] = lengths;
  const head = Buffer.allocUnsafe(5 + topicLength + eventLength + metadataLength);
  head[0] = 4;
  head[1] = topicLength;
  head[2] = eventLength;
  head[3] = metadataLength;
  head[4] = encoding === 'json' ? 1 : 0;
  head.write(topic, 5);
  head.write(event, 5 + topicLength);
  head.write(metadata, 5 + topicLength + eventLength);
  return binaryFrame(head, payload);
}

/**
 * A broadcast as text, for sockets of protocol 1 and for parts that are too long for the binary form.
 *
 * @returns undefined for raw bytes, which have no text form, and for what claims to be JSON and is not
 */
export function encodeBroadcastText(version: Version, broadcast: UserBroadcast): Buffer | undefined {
  const { topic, event, metadata, encoding, payload } = broadcast;
  if (encoding === 'raw' || !isJson(payload)) return undefined;
  const meta = metadata === '' ? '' : `,"meta":${metadata}`;
  const text = `{"event":${JSON.stringify(event)},"payload":${payload.toString()},"type":"broadcast"${meta}}`;
  return encodeMessage(version, { joinRef: null, ref: null, topic, event: 'broadcast', payload: text });
}

// The bytes come to stand inside other JSON, so they may not be taken on trust.
function isJson(payload: Buffer): boolean {
  try {
    JSON.parse(payload.toString());
    return true;
  } catch {
    return false;
  }
}
