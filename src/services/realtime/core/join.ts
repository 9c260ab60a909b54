import { randomUUID } from 'node:crypto';
import type { ClientMessage } from '../wire/messages.ts';
import { AccessError, type Readable } from './access/access.ts';
import { Channel } from './channel.ts';
import type { ChannelSocket } from './channel-socket.ts';
import type { RealtimeContext, ReplayedMessage } from './context.ts';
import { followChanges } from './follow-changes.ts';
import { topicPrefix } from './hub.ts';
import { type JoinConfig, joinToken, parseJoin } from './join-config.ts';
import { tellWhenReady } from './replication-ready.ts';
import { reason } from './reply.ts';
import { isRefusal, type Token, type TokenRefusal } from './token.ts';

/** A socket that joins a topic. */
export interface JoiningSocket extends ChannelSocket {
  readonly context: RealtimeContext;
  readonly isOpen: boolean;
  readonly channelCount: number;
  channel(topic: string): Channel | undefined;
  add(channel: Channel): void;
  answer(message: ClientMessage, status: 'ok' | 'error', response?: string): void;
  /** Ends the socket. */
  disconnect(code: number): void;
}

type JoinMessage = ClientMessage & { readonly kind: 'message' };

const open: Readable = { broadcast: true, presence: true };

/**
 * Joins a topic, or says why not; checks in the original's order (spec §1.5). A topic that is joined already is left first.
 */
export function join(socket: JoiningSocket, message: JoinMessage): Promise<void> | undefined {
  const { context } = socket;
  const name = message.topic.slice(topicPrefix.length);
  const config = parseJoin(message.payload, name);
  socket.channel(message.topic)?.close();
  const refusal = refuseEarly(socket, name, config);
  context.rates.joins.add(1);
  if (refusal !== undefined) {
    socket.answer(message, 'error', reason(refusal));
    if (refusal === noTenant || refusal === tooManyJoins) socket.disconnect(1001);
    return undefined;
  }
  const verdict = context.judge.judge(joinToken(message.payload, socket.token.text));
  const go = (settled: Token | TokenRefusal): Promise<void> | undefined => {
    if (isRefusal(settled)) {
      socket.answer(message, 'error', reason(`${settled.code}: ${settled.message}`));
      return undefined;
    }
    if (config.isPrivate) return joinPrivate(socket, message, name, config, settled);
    if (config.replay)
      socket.answer(message, 'error', reason('UnableToReplayMessages: Replay is not allowed for public channels'));
    else return enter(socket, message, name, config, settled, open);
    return undefined;
  };
  return verdict instanceof Promise ? verdict.then(go) : go(verdict);
}

const noTenant = 'TenantNotFound: Tenant with the given ID does not exist';
const tooManyJoins = 'ClientJoinRateLimitReached: Too many joins per second';

function refuseEarly(socket: JoiningSocket, name: string, config: JoinConfig): string | undefined {
  const { context } = socket;
  const limits = context.limits();
  if (name === '') return 'TopicNameRequired: You must provide a topic name';
  if (!context.isServing()) return 'RealtimeRestarting: Realtime is restarting, please standby';
  if (limits.removed) return noTenant;
  if (limits.suspended) return 'RealtimeDisabledForTenant: Realtime disabled for this tenant';
  if (limits.privateOnly && !config.isPrivate) return 'PrivateOnly: This project only allows private channels';
  const isCounted = socket.channelCount > 0;
  if (!isCounted && limits.users > 0 && context.users.here + context.users.elsewhere() >= limits.users)
    return 'ConnectionRateLimitReached: Too many connected users';
  if (context.rates.joins.reaches(limits.joins)) return tooManyJoins;
  if (limits.channels > 0 && socket.channelCount >= limits.channels)
    return 'ChannelRateLimitReached: Too many channels';
  return undefined;
}

async function joinPrivate(
  socket: JoiningSocket,
  message: JoinMessage,
  name: string,
  config: JoinConfig,
  token: Token,
): Promise<void> {
  const { context } = socket;
  let readable: Readable;
  try {
    readable = await context.access.readable(
      name,
      { token, headers: socket.headers, reqId: socket.reqId },
      config.presence,
    );
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    socket.answer(message, 'error', reason(error.message));
    return;
  }
  if (!socket.isOpen) return;
  if (!readable.broadcast && !readable.presence) {
    const text = `Unauthorized: You do not have permissions to read from this Channel topic: ${name}`;
    socket.answer(message, 'error', reason(text));
    return;
  }
  if (!config.replay) {
    await enter(socket, message, name, config, token, readable);
    return;
  }
  const { since, limit } = config.replay;
  if (since === undefined) {
    socket.answer(message, 'error', reason('UnableToReplayMessages: Replay params are not valid'));
    return;
  }
  await joinWithReplay(socket, message, { name, config, token, readable }, { since, limit });
}

async function joinWithReplay(
  socket: JoiningSocket,
  message: JoinMessage,
  about: Pick<Channel, 'name' | 'token' | 'readable'> & { readonly config: JoinConfig },
  wish: { readonly since: number; readonly limit: number },
): Promise<void> {
  const { context } = socket;
  const { name, config, readable } = about;
  // What is sent while the stored messages are read must not be missed, so the room is entered first.
  const channel = new Channel({ ...about, context, session: socket, joinRef: message.joinRef });
  channel.hold();
  const settling = context.hub.enter(channel.room, channel);
  let stored: ReplayedMessage[];
  const began = performance.now();
  try {
    await settling;
    stored = readable.broadcast ? await context.replay(name, wish) : [];
  } catch (error) {
    context.log.error({ reqId: socket.reqId, err: error, topic: name }, 'stored messages could not be read');
    channel.end();
    socket.answer(message, 'error', reason('UnableToReplayMessages: Realtime was unable to replay messages'));
    return;
  }
  context.metrics.observe('replay', performance.now() - began);
  if (!socket.isOpen) {
    channel.end();
    return;
  }
  admit(socket, message, channel, config, stateFor(channel, config));
  channel.release(stored);
}

/** Enters the room, and says so once the messages of all nodes arrive: who has joined misses none. */
function enter(
  socket: JoiningSocket,
  message: JoinMessage,
  name: string,
  config: JoinConfig,
  token: Token,
  readable: Readable,
): Promise<void> | undefined {
  const { context } = socket;
  const channel = new Channel({ context, session: socket, name, joinRef: message.joinRef, config, token, readable });
  // Those who are there already get what is under way; who comes now gets it with the state.
  const state = stateFor(channel, config);
  const settling = context.hub.enter(channel.room, channel);
  if (!settling) {
    admit(socket, message, channel, config, state);
    return undefined;
  }
  channel.hold();
  return settling.then(() => {
    if (!socket.isOpen) {
      channel.end();
      return;
    }
    admit(socket, message, channel, config, stateFor(channel, config));
    channel.release([]);
  });
}

/** Who is present, where the client is to know. */
const stateFor = ({ context, room, readable }: Channel, config: JoinConfig): string | undefined =>
  config.presence && readable.presence ? context.presence.state(room) : undefined;

/** The socket takes part in the room's life from now on. */
function admit(
  socket: JoiningSocket,
  message: JoinMessage,
  channel: Channel,
  config: JoinConfig,
  state: string | undefined,
): void {
  const { context } = socket;
  if (channel.presenceKey === '') channel.presenceKey = randomUUID();
  context.metrics.counters.joins++;
  socket.add(channel);
  const changes = boundChanges(context, config);
  channel.reply(message, 'ok', `{"postgres_changes":${changes}}`);
  if (state !== undefined) channel.push('presence_state', state);
  if (config.changes.length > 0 || channel.followsStored) followChanges(channel, config);
  if (config.replicationReady) tellWhenReady(channel);
}

/** Each entry as it was sent, and its id (spec §1.6). */
function boundChanges({ feed }: RealtimeContext, config: JoinConfig): string {
  if (config.isLegacy || config.changes.length === 0) return '[]';
  const ids = feed?.bindingIds(config.changes) ?? config.changes.map((_, index) => index + 1);
  const entries = config.changes.map((entry, index) => {
    const isObject = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
    return { ...(isObject ? entry : {}), id: ids[index] };
  });
  return JSON.stringify(entries);
}
