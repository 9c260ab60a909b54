import type { SessionParameters } from '../core/session-parameters.ts';

/** What a pooled server connection tells the client it is lent to. */
export interface LinkedClient {
  /** Bytes for the client's socket, in order. @returns false while the socket is full */
  deliver(bytes: Buffer): boolean;
  /** Looks at a message that concerns the bookkeeping, whole, before it is delivered. */
  observe(bytes: Buffer, at: number, total: number): Verdict;
  /** ReadyForQuery was delivered. @param status `I`, `T` or `E` as its byte */
  settled(status: number): void;
  parametersChanged(parameters: SessionParameters): void;
  /** The connection ended. @param server it, since another one may have taken its place */
  serverLost(server: object): void;
}

/** What becomes of an observed message: delivered, withheld, or something else in its place. */
export type Verdict = 'deliver' | 'withhold' | Buffer;
