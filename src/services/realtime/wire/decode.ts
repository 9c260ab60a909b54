import { elementTexts, fieldText } from './json-slice.ts';
import type { ClientMessage, Ref, Version } from './messages.ts';

/**
 * Reads a text frame (spec/protocol 1.0.0: an object; 2.0.0: an array of five).
 *
 * @returns undefined for what is no message; such frames are ignored
 */
export function decodeText(version: Version, text: string): ClientMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (version === 2) {
    if (!Array.isArray(value) || value.length < 5) return undefined;
    const [joinRef, ref, topic, event, payload] = value as unknown[];
    return message(joinRef, ref, topic, event, payload, () => elementTexts(text)[4]);
  }
  if (Array.isArray(value)) return undefined;
  const { join_ref: joinRef, ref, topic, event, payload } = value as Record<string, unknown>;
  if (payload === undefined || ref === undefined) return undefined;
  return message(joinRef, ref, topic, event, payload, () => fieldText(text, 'payload'));
}

function message(
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: unknown,
  payload: unknown,
  textOf: () => string | undefined,
): ClientMessage | undefined {
  if (typeof topic !== 'string' || typeof event !== 'string') return undefined;
  const payloadText = event === 'broadcast' || event === 'presence' ? textOf() : undefined;
  return {
    kind: 'message',
    joinRef: refOf(joinRef),
    ref: refOf(ref),
    topic,
    event,
    payload,
    ...(payloadText !== undefined && { payloadText }),
  };
}

const refOf = (value: unknown): Ref => (typeof value === 'string' || typeof value === 'number' ? value : null);

const kinds = { push: 0, userBroadcast: 3 } as const;

/**
 * Reads a binary frame of protocol 2: a broadcast (kind 3), or a push whose data is JSON text (kind 0).
 *
 * @param frame is kept: payloads are slices of it
 * @returns undefined for unknown kinds and for frames shorter than their lengths; such frames are ignored
 */
export function decodeBinary(frame: Buffer): ClientMessage | undefined {
  if (frame[0] === kinds.userBroadcast) return decodeUserBroadcast(frame);
  if (frame[0] === kinds.push) return decodePush(frame);
  return undefined;
}

function decodeUserBroadcast(frame: Buffer): ClientMessage | undefined {
  if (frame.length < 7) return undefined;
  const encoding = frame[6];
  if (encoding !== 0 && encoding !== 1) return undefined;
  const parts = readParts(frame, 7, [1, 2, 3, 4, 5]);
  if (!parts) return undefined;
  const [joinRef = '', ref = '', topic = '', event = ''] = parts.texts;
  return {
    kind: 'user-broadcast',
    joinRef: joinRef === '' ? null : joinRef,
    ref: ref === '' ? null : ref,
    topic,
    event,
    encoding: encoding === 1 ? 'json' : 'raw',
    payload: frame.subarray(parts.end),
  };
}

function decodePush(frame: Buffer): ClientMessage | undefined {
  if (frame.length < 5) return undefined;
  const parts = readParts(frame, 5, [1, 2, 3, 4]);
  if (!parts) return undefined;
  const [joinRef = '', ref = '', topic = '', event = ''] = parts.texts;
  try {
    const text = frame.toString('utf8', parts.end);
    const payload: unknown = JSON.parse(text);
    return message(joinRef === '' ? null : joinRef, ref === '' ? null : ref, topic, event, payload, () => text);
  } catch {
    // Bytes that are no JSON belong to no event of this protocol.
    return undefined;
  }
}

/** The texts whose lengths stand at `places`, one after the other from `start`. */
function readParts(
  frame: Buffer,
  start: number,
  places: readonly number[],
): { readonly texts: readonly string[]; readonly end: number } | undefined {
  const texts: string[] = [];
  let end = start;
  for (const place of places) {
    const length = frame[place] as number;
    if (end + length > frame.length) return undefined;
    texts.push(frame.toString('utf8', end, end + length));
    end += length;
  }
  return { texts, end };
}
