import type { Readable, Writable } from 'node:stream';

/** Names a content for good: what was stored under a version never changes. Very old rows have no version. */
export interface ContentRef {
  readonly bucketId: string;
  readonly name: string;
  readonly version: string | null;
}

/** What is known of a content that is whole and safe. */
export interface Written {
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** Hexadecimal; null where the store never saw the whole content pass. */
  readonly sha256: string | null;
}

/** Both ends inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A content that was found. Exactly one of `read`, `sendTo` and `close` has to be called. */
export interface OpenContent {
  readonly size: number;
  /** A whole small content at once, or a stream that closes everything at its end. */
  read(range?: ByteRange): Promise<Readable | Buffer>;
  /**
   * Writes it to somebody, faster than a stream would, and leaves them open; absent where `read` is as good. @throws what
   * reading throws, and `ERR_STREAM_PREMATURE_CLOSE` when they went away
   */
  sendTo?(destination: Writable, range?: ByteRange): Promise<void>;
  close(): Promise<void>;
}

/** A content as the backend lists it. */
export interface ListedContent {
  readonly version: string;
  /** `bucket/name/version`, or `bucket/name` for very old ones; empty for what is under way. */
  readonly path: string;
  /** Where it lies, for people. */
  readonly place: string;
  readonly size: number;
  readonly modified: Date;
  /** It is, or was meant to become, part of the content of this version, and is none of its own. */
  readonly isGrowing: boolean;
  /** Of an upload that the backend itself has under way. */
  readonly uploadId?: string | undefined;
}

/** Of writing. */
export interface WriteOptions {
  /** Bytes at most. @throws EntityTooLarge beyond */
  readonly limit: number;
  readonly contentType: string;
  readonly cacheControl: string;
}

/**
 * Where bytes lie. What `write`, `copy`, `assemble` and `seal` acknowledge survives a crash of the machine; until then
 * nobody finds anything under the version.
 */
export interface ContentStore {
  /** @throws InvalidKey for names that could not be stored here */
  assertStorable(ref: Pick<ContentRef, 'bucketId' | 'name'>): void;
  write(ref: ContentRef, source: AsyncIterable<Buffer>, options: WriteOptions): Promise<Written>;
  /** @returns undefined when there is no such content */
  open(ref: ContentRef): Promise<OpenContent | undefined>;
  /** @throws NoSuchContent */
  copy(from: ContentRef, to: ContentRef, options: Omit<WriteOptions, 'limit'>): Promise<void>;
  /** Also of what was never completed. Removing what is not there is no error. */
  remove(refs: readonly ContentRef[]): Promise<void>;
  /** Joins contents in their order. */
  assemble(ref: ContentRef, parts: readonly ContentRef[], options: Omit<WriteOptions, 'limit'>): Promise<Written>;
  /**
   * Adds to a content that grows until it is sealed. What was received is kept, and survives, even when the source
   * fails half way. @returns the length now. @throws what the source threw
   */
  grow(ref: ContentRef, offset: number, source: AsyncIterable<Buffer>): Promise<number>;
  /** Length of a growing content, or of one that was sealed; undefined when there is none. */
  grown(ref: ContentRef): Promise<number | undefined>;
  /**
   * Makes a grown content a whole one. Repeating it is no error, and what it grew from stays until `settle`.
   *
   * @throws TransactionError when it does not have `size` bytes
   */
  seal(ref: ContentRef, size: number, options: Omit<WriteOptions, 'limit'>): Promise<Written>;
  /** Removes what a sealed content grew from. */
  settle(ref: ContentRef): Promise<void>;
  /** Where a server elsewhere finds a content: `local:///…` or a URL that is good for ten minutes; escaped for a path. */
  privateUrl(ref: ContentRef): Promise<string>;
  /** Everything there is, what is under way included. */
  list(): AsyncIterable<ListedContent>;
  /** Removes a content that `list` told of. */
  removeListed(content: ListedContent): Promise<void>;
  /** @throws when nothing could be stored at the moment */
  check(): Promise<void>;
  close(): Promise<void>;
}
