import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import type { ServiceError } from '#kernel/errors';
import type { abortSignalOf } from '#kernel/http';
import type { Verifier } from '#kernel/jwt';
import type { StorageContext } from '../core/context.ts';
import type { StoragePorts } from '../ports.ts';
import type { Scope } from '../sql/scope.ts';

/** What an endpoint answers. Without a body it is empty. */
export interface Answer {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly json?: unknown;
  readonly text?: string;
  /** Piped; whoever made it gets it back destroyed when the client goes away. */
  readonly stream?: Readable;
  /** Writes the body, and closes what it comes from; not for HEAD. */
  readonly send?: (destination: Writable) => Promise<void>;
  readonly bytes?: Buffer;
  /** The endpoint wrote the response itself. */
  readonly sent?: true;
}

/** One request and what it is handled with. */
export interface Exchange {
  readonly context: StorageContext;
  readonly ports: Pick<StoragePorts, 'transform' | 'egress'>;
  readonly verifier: Verifier;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The path prefix that a proxy removed, e.g. `/storage/v1`. */
  readonly prefix: string;
  /** In whose name. */
  readonly scope: Scope;
  /** False where a token was optional and none that is good came. */
  readonly isKnown: boolean;
  /** Aborted when the client goes away. */
  readonly signal: ReturnType<typeof abortSignalOf>;
}

/** How a protocol answers an error. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** Who may use an endpoint. */
export type Access =
  /** A token that is good. */
  | 'token'
  /** A token if there is one; a bad one counts as none. */
  | 'optional'
  /** Anybody. */
  | 'open'
  /** The service role alone. */
  | 'service';

/** An endpoint: where it is, who may use it, what policies are told about it, and what it does. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** `:name` stands for one segment, a last `*` for all that is left (at least one character). */
  readonly path: string;
  readonly access: Access;
  /** What `storage.operation()` tells; empty where no statement is run. */
  readonly operation: string;
  /** Where errors have another shape than that of the REST interface. */
  readonly renderError?: (error: ServiceError, request: IncomingMessage) => ErrorAnswer;
  readonly handle: (exchange: Exchange) => Answer | Promise<Answer>;
}

/** A route with what its pattern stands for. */
export interface Matched {
  readonly route: Route;
  /** Decoded; the last one, `*`, is called `name`. */
  readonly params: Readonly<Record<string, string>>;
}
