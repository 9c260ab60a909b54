/**
 * A place in the stream of committed changes of the database: 24 hexadecimal digits, so that two positions compare as texts.
 * The first 16 are the transaction's commit LSN, the last 8 the place of the change inside the transaction. Opaque to clients.
 */
export type Position = string;

/** Kinds of row changes; TRUNCATE is never delivered. */
export type ChangeType = 'INSERT' | 'UPDATE' | 'DELETE';

/** Verified claims of a token, as policies see them in `request.jwt.claims`. `role` and `exp` are among them. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * One change for one or more bindings. The SAME object is handed to all subscriptions that get the same bytes, so a frame
 * can be encoded once and remembered by it (for example in a WeakMap).
 */
export interface ChangeEvent {
  /** Ids of all bindings of the subscription that match, as they stood in the join reply. Never empty. */
  readonly ids: readonly number[];
  readonly type: ChangeType;
  /**
   * JSON text of the payload's `data`: schema, table, commit_timestamp, type, columns, record, old_record, errors. The
   * payload of `postgres_changes` is `{"ids":[…],"data":<data>}`; a legacy join gets `data` itself as the payload of an event
   * named by `type`.
   */
  readonly data: string;
  /** Where a client that has seen this one goes on. Sent along as `position` where the join asked for `config.resume`. */
  readonly position: Position;
}

/** What a subscription has to say besides changes. */
export type FeedNotice =
  /**
   * Changes flow from `position` on: everything committed later is delivered. Becomes the system message of extension
   * `postgres_changes`, status `ok`, with this text. Sent after `subscribe` and after every `update`.
   */
  | { readonly kind: 'subscribed'; readonly message: string; readonly position: Position }
  /** System message of extension `postgres_changes`, status `error`. The channel stays open. */
  | { readonly kind: 'failed'; readonly message: string }
  /**
   * Changes after `after` and up to `position` may be missing, and will not be sent: the window was exceeded or the slot
   * was lost. The client has to read its rows anew. Only for subscriptions that can resume.
   */
  | { readonly kind: 'gap'; readonly after: Position | undefined; readonly position: Position }
  /** Nothing was missed up to here, though nothing was sent for a while. Only for subscriptions that can resume. */
  | { readonly kind: 'position'; readonly position: Position };

/** A channel's wish for database changes. */
export interface FeedRequest {
  /** Name of the channel without `realtime:`; for logs. */
  readonly topic: string;
  /** Id of the request that the channel's socket was opened with; for logs. */
  readonly reqId: string;
  /** Database role: the claim `role`. */
  readonly role: string;
  readonly claims: Claims;
  /** The join's `config.postgres_changes` with nulls dropped, untouched. For a legacy join, one entry made of its topic. */
  readonly entries: readonly unknown[];
  /**
   * Given: the topic's stored broadcasts are wanted as well, in one order with the changes, so that a position holds for both.
   * `entries` may be empty then. `deliver` must not throw.
   */
  readonly messages?: { readonly isPrivate: boolean; readonly deliver: (message: StoredMessage) => void };
  /** Given: the channel joined with `config.resume`; `after` is the last position it has seen, when it has one. */
  readonly resume?: { readonly after?: Position };
  /** Called in order of commit. Must not throw, and must not wait. */
  readonly deliver: (event: ChangeEvent) => void;
  /** Called between deliveries, in their order. Must not throw. */
  readonly notify: (notice: FeedNotice) => void;
}

/** A channel's place in the feed. */
export interface FeedSubscription {
  /** The token was renewed: from now on decides who the new one names. Answered by a notice `subscribed` or `failed`. */
  update(role: string, claims: Claims): void;
  /** Ends it; nothing is delivered afterwards. */
  close(): void;
}

/** A broadcast inserted into `realtime.messages`, by `realtime.send()`, `realtime.broadcast_changes()` or anybody else. */
export interface StoredMessage {
  readonly id: string;
  /** Topic without `realtime:`. */
  readonly topic: string;
  readonly event: string | null;
  readonly private: boolean;
  /** JSON text as the database wrote it; null for binary ones. */
  readonly payload: string | null;
  readonly binaryPayload: Buffer | null;
  readonly position: Position;
  /** Milliseconds since the epoch; undefined where the row has no such time. */
  readonly insertedAt: number | undefined;
  readonly committedAt: number;
}

/** A wish to read a table's rows. */
export interface SnapshotRequest {
  readonly role: string;
  readonly claims: Claims;
  /** As an entry of `config.postgres_changes`: `schema`, `table`, `filter`, `select`. */
  readonly entry: unknown;
  /** Rows at most; there is a bound besides. */
  readonly limit?: number;
  /** `next` of an earlier page. */
  readonly after?: string;
}

/** Rows, and where the changes go on that they do not show. */
export interface RowSnapshot {
  /** Every change that the rows do not show comes after it; some that they do may come again. */
  readonly position: Position;
  /** JSON texts, each like the `record` of a change; in the order of the primary key. */
  readonly rows: readonly string[];
  /** How to have the rows behind these; undefined when there are none. */
  readonly next: string | undefined;
}

/** How the feed is, for health, metrics and `/api/tenants/:id/health`. */
export interface FeedHealth {
  /** True once changes flow and nothing is known to be missing. */
  readonly streaming: boolean;
  /** Whether this node reads the slot; the others are fed by that one. */
  readonly owner: boolean;
  /** Bytes of WAL that the server holds back for the slot. */
  readonly retainedBytes: number;
  /** Bytes of WAL between the server's end and what was read. */
  readonly lagBytes: number;
  readonly subscriptions: number;
  /** Executor runs made for authorisation so far. */
  readonly checks: number;
  /** Why not, where `streaming` is false. */
  readonly reason?: string;
}

/**
 * Database changes for the channels of this node: `postgres_changes`, and rows inserted into `realtime.messages`. It goes on
 * by itself after losing its connection, the slot or the database.
 */
export interface ChangeFeed {
  /** Starts reading. Resolves at once when the database cannot be reached: `health` says so, and it is tried again. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  /**
   * The id of each entry for the join reply: a positive integer below 2^27, equal for equal entries. Pure; needs no database.
   */
  bindingIds(entries: readonly unknown[]): readonly number[];
  /**
   * Enters a channel. Call it after the join reply was sent: `subscribed` or `failed` may come at once. Entries without any
   * are refused by `failed`; so are those that name no published table.
   */
  subscribe(request: FeedRequest): FeedSubscription;
  /** Rows of `realtime.messages` with extension `broadcast`, as they are committed. @returns a function that ends it */
  onMessages(listener: (message: StoredMessage) => void): () => void;
  /**
   * Reads rows of one published table as their reader may see them, so that nothing lies between them and the changes.
   *
   * @throws SnapshotRefused, SnapshotUnavailable
   */
  snapshot(request: SnapshotRequest): Promise<RowSnapshot>;
  /** The newest position that was passed on; undefined before anything streamed. */
  readonly position: Position | undefined;
  health(): FeedHealth;
}
