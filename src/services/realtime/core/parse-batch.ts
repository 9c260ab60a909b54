import { elementTexts, fieldText } from '../wire/json-slice.ts';
import type { RoomKey } from './hub.ts';

/** A message of a batch. */
export interface BatchMessage {
  readonly room: RoomKey;
  readonly event: string;
  /** JSON text. */
  readonly payload: string;
}

type Problems = Record<string, string[]>;

/** The messages of a batch, or what is wrong: one entry for each message, empty for those that are right. */
export type ParsedBatch =
  | { readonly messages: readonly BatchMessage[] }
  | { readonly problems: { readonly messages: readonly (Problems | string)[] } };

const blank = "can't be blank";

/** What a payload may have beyond the limit, as in the original. */
const sizeSlack = 500;

/**
 * Takes a batch apart (spec §3.2): all or nothing. Payloads stay as they were written.
 *
 * @param text what `body` was parsed from
 * @param maxPayload bytes of one payload
 */
export function parseBatch(body: unknown, text: string, maxPayload: number): ParsedBatch {
  const given = (body as { messages?: unknown } | null | undefined)?.messages;
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0))
    return { problems: { messages: [blank] } };
  if (!Array.isArray(given)) return { problems: { messages: ['is invalid'] } };
  const texts = elementTexts(fieldText(text, 'messages') ?? '[]');
  const parsed = given.map((one, index) => parseMessage(one, texts[index] ?? '{}', maxPayload));
  if (parsed.every((one) => 'room' in one)) return { messages: parsed as BatchMessage[] };
  return { problems: { messages: parsed.map((one) => ('room' in one ? {} : one)) as Problems[] } };
}

function parseMessage(one: unknown, written: string, maxPayload: number): BatchMessage | Problems {
  const { topic, event, payload, private: isPrivate } = (one ?? {}) as Record<string, unknown>;
  const problems: Problems = {};
  for (const [name, value] of Object.entries({ topic, event }))
    if (value === undefined || value === null || value === '') problems[name] = [blank];
    else if (typeof value !== 'string') problems[name] = ['is invalid'];
  if (isPrivate !== undefined && isPrivate !== null && !isBoolean(isPrivate)) problems.private = ['is invalid'];
  let text = '';
  if (payload === undefined || payload === null) problems.payload = [blank];
  else if (typeof payload !== 'object' || Array.isArray(payload)) problems.payload = ['is invalid'];
  else {
    text = fieldText(written, 'payload') ?? '{}';
    if (Buffer.byteLength(text) > maxPayload + sizeSlack) problems.payload = ['Payload size exceeds tenant limit'];
  }
  if (Object.keys(problems).length > 0) return problems;
  return {
    room: { isPrivate: isPrivate === true || isPrivate === 'true', name: topic as string },
    event: event as string,
    payload: text,
  };
}

const isBoolean = (value: unknown): boolean =>
  value === true || value === false || value === 'true' || value === 'false';
