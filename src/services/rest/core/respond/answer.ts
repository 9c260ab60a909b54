import type { ServiceError } from '#kernel/errors';

/** A response before it is sent. */
export interface Answer {
  readonly status: number;
  /** Reason phrase; undefined: the usual one. */
  readonly statusText: string | undefined;
  /** By their usual spelling; a list for one that is repeated. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Undefined: neither body nor length (204, and what HEAD gets). */
  readonly body: string | Buffer | undefined;
}

/** Names the body's type where the server itself makes errors and plain answers. */
export const jsonType = 'application/json; charset=utf-8';

/** An error with the reason phrase its answer has; undefined: the usual one. */
export interface Failure {
  readonly error: ServiceError;
  readonly statusText: string | undefined;
}
