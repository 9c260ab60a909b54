import type { Scope } from '../../sql/scope.ts';
import type { Answer, Exchange } from '../exchange.ts';
import type { S3Caller } from './authenticate.ts';

/** One request of the S3 protocol. */
export interface S3Call {
  readonly exchange: Exchange;
  readonly caller: S3Caller;
  /** The caller's, with the operation's name. */
  readonly scope: Scope;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

/** An operation: which requests are meant, what policies are told, and what it does. */
export interface S3Operation {
  readonly method: string;
  readonly on: 'service' | 'bucket' | 'object';
  /** Query parameters that have to be there; the first operation that fits wins. */
  readonly query?: readonly string[];
  /** A header that has to be there. */
  readonly header?: string;
  readonly name: string;
  readonly run: (call: S3Call) => Answer | Promise<Answer>;
}
