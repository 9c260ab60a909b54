import type { ClientMessage } from '../wire/messages.ts';
import type { Channel } from './channel.ts';
import { handlePresence } from './presence-events.ts';
import { refreshToken } from './refresh-token.ts';
import { whereWritable } from './where-writable.ts';

/** Handles a message on a topic that is joined (spec §1.4). */
export function handleOnChannel(channel: Channel, message: ClientMessage): Promise<void> | undefined {
  const { context } = channel;
  if (message.kind === 'message' && message.event === 'phx_leave') {
    channel.reply(message, 'ok');
    channel.close();
    return undefined;
  }
  if (context.rates.events.reaches(context.limits().events)) {
    channel.fail('Too many messages per second');
    return undefined;
  }
  if (message.kind === 'user-broadcast') return broadcast(channel, message);
  switch (message.event) {
    case 'broadcast':
      return broadcast(channel, message);
    case 'presence':
      return handlePresence(channel, message);
    case 'access_token':
      return refreshToken(channel, message.payload);
    default:
      context.metrics.counters.unknownEvents++;
      return undefined;
  }
}

const payloadText = ({ payload, payloadText: sent }: ClientMessage & { readonly kind: 'message' }): string =>
  payload === null || sent === undefined ? '{}' : sent;

/** What a payload may have beyond the limit, as in the original. */
const sizeSlack = 500;

function broadcast(channel: Channel, message: ClientMessage): Promise<void> | undefined {
  const { context } = channel;
  const outgoing =
    message.kind === 'user-broadcast'
      ? ({
          kind: 'user',
          event: message.event,
          metadata: '',
          encoding: message.encoding,
          payload: message.payload,
        } as const)
      : ({ kind: 'text', event: 'broadcast', payload: payloadText(message) } as const);
  const size = outgoing.payload.length;
  context.metrics.observe('payloadSize', size);
  if (size > context.limits().payload + sizeSlack) {
    if (channel.wantsReplies) channel.reply(message, 'error', '"payload_size_exceeded"');
    return undefined;
  }
  const send = () => channel.broadcast(message, outgoing);
  return whereWritable(channel, 'broadcast', send);
}
