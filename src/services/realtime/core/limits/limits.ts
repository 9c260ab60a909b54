/** What clients may do, all together or each; 0 means no bound. They can be changed while the room runs. */
export interface Limits {
  /** Sockets with at least one channel, on all nodes. */
  readonly users: number;
  /** Broadcasts taken in, and messages delivered, a second. */
  readonly events: number;
  readonly joins: number;
  /** Of one socket. */
  readonly channels: number;
  readonly presenceEvents: number;
  /** Calls of one channel in one window. */
  readonly presenceCalls: number;
  /** Milliseconds. */
  readonly presenceWindow: number;
  /** Bytes of a payload. */
  readonly payload: number;
  /** Nobody may join, nor open a socket. */
  readonly suspended: boolean;
  /** There is no tenant: nobody may do anything. */
  readonly removed: boolean;
  /** Only private channels may be joined. */
  readonly privateOnly: boolean;
}
