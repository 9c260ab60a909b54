import { encodeMessage } from '../wire/encode.ts';
import type { Version } from '../wire/messages.ts';
import type { ChangeEvent, FeedNotice, StoredMessage } from './changes/feed.ts';
import type { Channel } from './channel.ts';
import { Fanout } from './fanout.ts';
import type { JoinConfig } from './join-config.ts';
import { broadcastOf } from './stored-broadcasts.ts';

/** Frames of a change for one topic; many channels of one topic get the same event object. */
const frames = Symbol('frames');
type Framed = ChangeEvent & { [frames]?: Map<string, Buffer> };

/** A stored broadcast for all channels of its topic; they get the same message object. */
const fanout = Symbol('fanout');
type FannedOut = StoredMessage & { [fanout]?: Fanout };

/**
 * Lets a channel get the database's changes it asked for (spec §1.6, §2), and with `config.resume` its stored broadcasts in
 * one order with them.
 */
export function followChanges(channel: Channel, config: JoinConfig): void {
  const { context, name, token } = channel;
  if (!context.feed) {
    channel.system('postgres_changes', 'error', 'Database changes are not served by this process');
    return;
  }
  const { resume, isLegacy } = config;
  channel.subscription = context.feed.subscribe({
    topic: name,
    reqId: channel.session.reqId,
    role: token.role,
    claims: token.claims,
    entries: config.changes,
    ...(resume && { resume }),
    ...(channel.followsStored && {
      messages: {
        isPrivate: channel.isPrivate,
        deliver: (message: FannedOut) => {
          message[fanout] ??= new Fanout(channel.topic, broadcastOf(message, message.position));
          channel.receiveStored(message[fanout]);
        },
      },
    }),
    deliver: (event) => deliver(channel, event, isLegacy, resume !== undefined),
    notify(notice) {
      if (notice.kind === 'subscribed' && config.changes.length > 0)
        channel.system('postgres_changes', 'ok', notice.message);
      if (notice.kind === 'failed') channel.system('postgres_changes', 'error', notice.message);
      else if (resume) tellPosition(channel, notice);
    },
  });
}

function deliver(channel: Channel, event: ChangeEvent, isLegacy: boolean, withPosition: boolean): void {
  const { context, session } = channel;
  context.metrics.counters.changeEvents++;
  const key = `${session.version}${isLegacy ? 'l' : withPosition ? 'p' : 'n'}${channel.topic}`;
  const known = (event as Framed)[frames]?.get(key);
  const frame = known ?? encode(session.version, channel.topic, event, isLegacy, withPosition);
  if (!known) remember(event, key, frame);
  // A change is never left out: a client that is too slow for it is ended, and goes on from its last position.
  session.send(frame, false);
}

function encode(version: Version, topic: string, event: ChangeEvent, isLegacy: boolean, withPosition: boolean): Buffer {
  const { ids, data, position, type } = event;
  const extra = withPosition ? `,"position":${JSON.stringify(position)}` : '';
  return encodeMessage(version, {
    joinRef: null,
    ref: null,
    topic,
    event: isLegacy ? type : 'postgres_changes',
    payload: isLegacy ? data : `{"ids":${JSON.stringify(ids)},"data":${data}${extra}}`,
  });
}

function remember(event: ChangeEvent, key: string, frame: Buffer): void {
  const framed = event as Framed;
  if (framed[frames]) framed[frames].set(key, frame);
  else if (Object.isExtensible(event)) framed[frames] = new Map([[key, frame]]);
}

/** Where the client goes on when it comes back; a gap is between what it has and that. */
function tellPosition(channel: Channel, notice: Exclude<FeedNotice, { readonly kind: 'failed' }>): void {
  const { position } = notice;
  const told =
    notice.kind === 'gap' ? { status: 'gap', after: notice.after ?? null, position } : { status: 'position', position };
  channel.push('resume', JSON.stringify(told));
}
