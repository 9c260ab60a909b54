/** A source that was found, before its bytes were read. */
export interface Source {
  /** Changes whenever the bytes do; undefined where only the bytes tell. */
  readonly version?: string;
  /** Milliseconds since the epoch. */
  readonly lastModified?: number;
  /** What the origin says of how long it may be kept. */
  readonly cacheControl?: string;
  readonly expires?: string;
  /** Name of the file, where the source has one. */
  readonly name?: string;
  /** @param maxBytes beyond which it is too large @throws ServiceError */
  read(maxBytes: number, signal: AbortSignal): Promise<Buffer>;
}
