import type { Functions } from '../../core/functions.ts';

/** A request of the management interface, taken apart. */
export interface ManagementRequest {
  readonly functions: Functions;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** The whole body. */
  readonly body: () => Promise<Buffer>;
  /** @throws ServiceError when it is no JSON */
  readonly json: () => Promise<unknown>;
}

/** An answer; `json` or `raw`. */
export interface ManagementAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly raw?: { readonly contentType: string; readonly body: Buffer };
}

/** An endpoint. Parts of its path that begin with a colon are parameters; a last one with a star takes the rest. */
export interface ManagementRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly run: (request: ManagementRequest) => Promise<ManagementAnswer>;
}
