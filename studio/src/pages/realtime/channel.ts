import { useCallback, useEffect, useReducer, useRef } from 'react';
import { decodeFrame, encodeFrame, type Frame } from './frames.ts';
import { type PresenceState, presenceAfter } from './presence.ts';

/** A message that went or came. */
export interface Logged {
  readonly number: number;
  readonly at: number;
  readonly isSent: boolean;
  readonly frame: Frame;
}

/** The channel, and all that happened on it. */
export interface ChannelState {
  readonly phase: 'idle' | 'connecting' | 'joined' | 'refused' | 'lost';
  /** Why it was refused or lost. */
  readonly reason: string | undefined;
  readonly present: PresenceState;
  /** The newest first. */
  readonly log: readonly Logged[];
}

type Event =
  | { readonly kind: 'phase'; readonly phase: ChannelState['phase']; readonly reason?: string }
  | { readonly kind: 'frame'; readonly logged: Logged }
  | { readonly kind: 'clear' };

/** Messages kept. */
const mostKept = 500;
const heartbeatEvery = 25_000;
const start: ChannelState = { phase: 'idle', reason: undefined, present: {}, log: [] };

function reduce(state: ChannelState, event: Event): ChannelState {
  if (event.kind === 'clear') return { ...state, log: [] };
  if (event.kind === 'phase')
    return {
      ...state,
      phase: event.phase,
      reason: event.reason,
      ...(event.phase !== 'joined' && { present: {} }),
    };
  const { logged } = event;
  const { event: name, payload } = logged.frame;
  return {
    ...state,
    present: logged.isSent ? state.present : presenceAfter(state.present, name, payload),
    log: [logged, ...state.log].slice(0, mostKept),
  };
}

/** One channel over a socket of its own, by way of the dashboard's server. */
export interface Channel extends ChannelState {
  /** @param topic without `realtime:` */
  join(topic: string, payload: unknown): void;
  leave(): void;
  /** Sends on the joined channel. */
  send(event: string, payload: unknown): void;
  clear(): void;
}

/** The page's channel; it is left when the page is. */
export function useChannel(): Channel {
  const [state, dispatch] = useReducer(reduce, start);
  const connection = useRef<{ readonly socket: WebSocket; readonly topic: string; ref: number } | undefined>(undefined);
  const number = useRef(0);

  const record = useCallback((frame: Frame, isSent: boolean): void => {
    dispatch({ kind: 'frame', logged: { number: ++number.current, at: Date.now(), isSent, frame } });
  }, []);
  const post = useCallback(
    (topic: string, event: string, payload: unknown): void => {
      const open = connection.current;
      if (open?.socket.readyState !== WebSocket.OPEN) return;
      const frame = { joinRef: topic === 'phoenix' ? null : '1', ref: String(++open.ref), topic, event, payload };
      open.socket.send(encodeFrame(frame));
      record({ ...frame, payload: withoutToken(payload) }, true);
    },
    [record],
  );
  const end = useCallback((): void => {
    const open = connection.current;
    connection.current = undefined;
    open?.socket.close();
  }, []);
  useEffect(() => end, [end]);
  useEffect(() => {
    const timer = setInterval(() => post('phoenix', 'heartbeat', {}), heartbeatEvery);
    return () => clearInterval(timer);
  }, [post]);

  const join = (name: string, payload: unknown): void => {
    end();
    const topic = `realtime:${name}`;
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/rooms/realtime/websocket?vsn=2.0.0`);
    socket.binaryType = 'arraybuffer';
    const own = { socket, topic, ref: 0 };
    connection.current = own;
    dispatch({ kind: 'phase', phase: 'connecting' });
    const isCurrent = () => connection.current === own;
    socket.onopen = () => post(topic, 'phx_join', payload);
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      const frame = decodeFrame(data);
      if (!frame || !isCurrent()) return;
      record(frame, false);
      const outcome = outcomeOf(frame, topic);
      if (outcome) dispatch(outcome);
      if (outcome && outcome.phase !== 'joined') end();
    };
    socket.onclose = ({ code }) => {
      if (!isCurrent()) return;
      connection.current = undefined;
      dispatch({ kind: 'phase', phase: 'lost', reason: lostText(code) });
    };
  };

  return {
    ...state,
    join,
    leave() {
      const open = connection.current;
      if (open) post(open.topic, 'phx_leave', {});
      end();
      dispatch({ kind: 'phase', phase: 'idle' });
    },
    send(event, payload) {
      const open = connection.current;
      if (open) post(open.topic, event, payload);
    },
    clear: () => dispatch({ kind: 'clear' }),
  };
}

/** What a message means for the channel; undefined: nothing. The join is the first that is sent. */
function outcomeOf(
  { event, ref, topic, payload }: Frame,
  joined: string,
): { readonly kind: 'phase'; readonly phase: ChannelState['phase']; readonly reason?: string } | undefined {
  if (topic !== joined) return undefined;
  if (event === 'phx_close' || event === 'phx_error')
    return { kind: 'phase', phase: 'lost', reason: 'The server has closed the channel; the last message says why.' };
  if (event !== 'phx_reply' || ref !== '1') return undefined;
  const { status, response } = payload as { status?: unknown; response?: { reason?: unknown } };
  return status === 'ok'
    ? { kind: 'phase', phase: 'joined' }
    : { kind: 'phase', phase: 'refused', reason: String(response?.reason ?? 'The server has refused the channel') };
}

/** What is shown of a message: a token in it is whoever's it is, and what is shown gets around. */
const withoutToken = (payload: unknown): unknown =>
  typeof payload === 'object' && payload !== null && 'access_token' in payload
    ? { ...payload, access_token: '(not shown)' }
    : payload;

const lostText = (code: number): string =>
  code === 1006
    ? 'No socket could be opened, or it broke. Realtime may not run in this process, or too many are connected.'
    : `The server has closed the socket (${code}).`;
