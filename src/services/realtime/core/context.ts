import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { Access } from './access/access.ts';
import type { ChangeFeed } from './changes/feed.ts';
import type { RoomMessage } from './fanout.ts';
import type { Hub, RoomKey } from './hub.ts';
import type { ReplayWish } from './join-config.ts';
import type { Limits } from './limits/limits.ts';
import type { Rate } from './limits/rate.ts';
import type { Metrics } from './metrics.ts';
import type { Presence } from './presence/presence.ts';
import type { TokenJudge } from './token.ts';

/** A stored broadcast that is sent again. */
export interface ReplayedMessage {
  readonly id: string;
  readonly event: string;
  /** JSON text; undefined for binary ones. */
  readonly payload: string | undefined;
  readonly binaryPayload: Buffer | undefined;
}

/** A socket as the room's housekeeping sees it. */
export interface OpenSession {
  readonly channelCount: number;
  /** When it last had a channel, in milliseconds. */
  readonly idleSince: number;
  /** Ends channels whose tokens are past their time. */
  checkExpiry(now: number): void;
  /** Ends the socket. @param message what its channels are told before */
  disconnect(code: number, message?: string): void;
}

/** Everything a channel may need; made once for a running room. */
export interface RealtimeContext {
  /** Name of this node, used by no other process before or after. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Those in force now. */
  readonly limits: () => Limits;
  readonly rates: Readonly<Record<'events' | 'joins' | 'presence' | 'requests', Rate>>;
  readonly metrics: Metrics;
  readonly judge: TokenJudge;
  readonly hub: Hub;
  readonly presence: Presence;
  readonly access: Access;
  readonly feed: ChangeFeed | undefined;
  /** Stored private broadcasts, oldest first. @throws Error when the database does not answer */
  readonly replay: (
    topic: string,
    wish: Required<ReplayWish> & { readonly since: number },
  ) => Promise<ReplayedMessage[]>;
  /** Hands a message to the other nodes. */
  readonly relay: (room: RoomKey, message: RoomMessage) => void;
  /** All open sockets of this node. */
  readonly sessions: Set<OpenSession>;
  /** Sockets with at least one channel: of this node, and of the others. */
  readonly users: { here: number; readonly elsewhere: () => number };
  /** False while the room stops. */
  readonly isServing: () => boolean;
}
