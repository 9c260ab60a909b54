import { fieldText } from '../wire/json-slice.ts';
import type { ClientMessage } from '../wire/messages.ts';
import type { Channel } from './channel.ts';
import { metaText } from './presence/payload.ts';
import { whereWritable } from './where-writable.ts';

/** What a payload may have beyond the limit, as in the original. */
const sizeSlack = 500;

/** Handles `presence` of a client (spec §4). */
export function handlePresence(
  channel: Channel,
  message: ClientMessage & { readonly kind: 'message' },
): Promise<void> | undefined {
  const { context } = channel;
  const limits = context.limits();
  context.rates.presence.add(1);
  if (context.rates.presence.reaches(limits.presenceEvents)) {
    channel.fail('Too many presence messages per second');
    return undefined;
  }
  if (callsTooOften(channel)) {
    channel.fail('Client presence rate limit exceeded');
    return undefined;
  }
  const { event, payload } = (message.payload ?? {}) as { event?: unknown; payload?: unknown };
  switch (typeof event === 'string' ? event.toLowerCase() : undefined) {
    case 'track':
      return track(channel, message, payload);
    case 'untrack':
      if (channel.tracked) context.presence.untrack(channel.tracked.ref);
      channel.tracked = undefined;
      channel.reply(message, 'ok');
      return undefined;
    default:
      channel.reply(message, 'error');
      return undefined;
  }
}

function callsTooOften(channel: Channel): boolean {
  const { presenceCalls: most, presenceWindow } = channel.context.limits();
  if (most === 0) return false;
  const now = channel.context.clock.now();
  const calls = channel.presenceCalls;
  if (!calls || now - calls.since >= presenceWindow) {
    channel.presenceCalls = { since: now, count: 1 };
    return false;
  }
  calls.count++;
  return calls.count > most;
}

function track(
  channel: Channel,
  message: ClientMessage & { readonly kind: 'message' },
  payload: unknown,
): Promise<void> | undefined {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    channel.reply(message, 'error', JSON.stringify({ reason: 'Presence track payload must be a map' }));
    return undefined;
  }
  const meta = metaText(fieldText(message.payloadText ?? '{}', 'payload') ?? '{}');
  if (Buffer.byteLength(meta) > channel.context.limits().payload + sizeSlack) {
    channel.fail('Track message size exceeded');
    return undefined;
  }
  const allowed = () => {
    const { tracked, room, context } = channel;
    const isNew = !channel.presence;
    channel.presence = true;
    if (tracked?.meta !== meta)
      channel.tracked = { meta, ref: context.presence.track(room, channel.presenceKey, meta, tracked?.ref) };
    channel.reply(message, 'ok');
    // Who takes part late has not been told yet who is there, and holds back the diffs until then.
    if (isNew && channel.readable.presence) channel.push('presence_state', context.presence.state(room));
  };
  return whereWritable(channel, 'presence', allowed, () => channel.reply(message, 'error'));
}
