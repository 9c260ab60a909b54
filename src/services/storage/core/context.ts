import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { Database, Transaction } from '#kernel/sql';
import type { StorageSettings } from '../settings.ts';
import type { ObjectMetadata } from '../sql/objects.ts';
import type { Uploads } from '../sql/uploads.ts';
import type { Versions } from '../sql/versions.ts';
import type { ContentStore } from './content/content-store.ts';
import type { Lookups } from './objects/lookups.ts';
import type { UrlTokens } from './url-token.ts';

/** Something that happened to an object, for whoever wants to know. */
export interface StorageEvent {
  readonly type: 'ObjectCreated' | 'ObjectRemoved' | 'ObjectMoved';
  /** How: Put, Post, Copy, Move, Delete, or the protocol's own word. */
  readonly by: string;
  readonly bucketId: string;
  readonly name: string;
  readonly version: string | null;
  readonly size?: number;
  readonly mimetype?: string;
  readonly metadata?: Partial<ObjectMetadata> | null;
  /** Of a move: where it came from. */
  readonly from?: { readonly bucketId: string; readonly name: string; readonly version: string | null };
}

/** Something that happened to a bucket. */
export interface BucketEvent {
  readonly type: 'BucketCreated' | 'BucketDeleted';
  readonly bucketId: string;
}

/** What everything the room does is done with. */
export interface StorageContext {
  readonly settings: StorageSettings;
  readonly db: Database;
  readonly store: ContentStore;
  readonly lookups: Lookups;
  readonly versions: Versions;
  readonly uploads: Uploads;
  readonly urlTokens: UrlTokens;
  readonly clock: Clock;
  readonly log: Logger;
  /** Tells this program what has happened, and the cluster's bus: after the commit. */
  readonly publish: (event: StorageEvent | BucketEvent) => void;
  /**
   * Writes down in the transaction of the changes what is to be told elsewhere, where somebody wants to know. It works as the
   * tables' owner, see `leave`.
   */
  readonly record: (transaction: Transaction, events: readonly (StorageEvent | BucketEvent)[]) => Promise<void>;
}
