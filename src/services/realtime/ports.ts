import type { Bus } from '#kernel/bus';
import type { Clock } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';

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
}
