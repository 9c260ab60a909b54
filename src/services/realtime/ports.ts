import type { Bus } from '#kernel/bus';
import type { Clock } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';
import type { RoomBus } from './core/nodes/room-bus.ts';

/** What realtime needs from elsewhere. */
export interface RealtimePorts {
  /** Where the database is, under a role that owns the schemas of realtime (`supabase_admin`). Asked for at start. */
  readonly database: () => ConnectionOptions;
  /** Messages between the nodes of this installation. */
  readonly bus: Bus;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** What realtime offers to other rooms. */
export interface RealtimeApi {
  /** Sockets that are open here. */
  readonly sockets: () => number;
  /** For the room that takes this one's place. */
  readonly heirlooms: RealtimeHeirlooms;
}

/** What outlives a room when another takes its place. */
export interface RealtimeHeirlooms {
  readonly bus: RoomBus;
}
