import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';

/** Why no answer came, or not all of it. */
export type ForwardFailure = 'idle' | 'broken' | 'aborted';

// Hop-by-hop headers belong to one connection (RFC 9110 §7.6.1); `expect` was answered by the listener.
const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** A body up to this size that says its length is sent in one piece. */
const wholeBody = 16_384;

/** Connections to one worker at most; more requests wait. */
const connections = 1_024;

/** Connections to workers over their sockets, kept between requests. */
export class Forwarder {
  readonly #pools = new Map<string, Pool>();
  readonly #known = new Set<string>();
  readonly #idleTimeout: number;

  /** @param idleTimeout milliseconds a function may be silent within a request */
  constructor(idleTimeout: number) {
    this.#idleTimeout = idleTimeout;
  }

  /** Ends the connections to a worker when it is gone. To be called before each request to it; the first one counts. */
  knows(worker: { readonly socket: string; readonly ended: Promise<unknown> }): void {
    const { socket } = worker;
    if (this.#known.has(socket)) return;
    this.#known.add(socket);
    void worker.ended.then(() => {
      const pool = this.#pools.get(socket);
      this.#pools.delete(socket);
      this.#known.delete(socket);
      pool?.destroy().catch(() => {});
    });
  }

  /**
   * Sends a request to a worker and its answer back, both as they come.
   *
   * @returns the failure, where the answer could not be given to its end
   */
  async forward(
    socket: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<ForwardFailure | undefined> {
    const pool = await this.#poolOf(socket);
    const body = await bodyOf(request);
    if (response.destroyed) return 'aborted';
    return new Promise((resolve) => {
      pool.dispatch(
        {
          path: request.url ?? '/',
          method: request.method as Dispatcher.HttpMethod,
          headers: forwardedHeaders(request),
          body,
          headersTimeout: this.#idleTimeout,
          bodyTimeout: this.#idleTimeout,
        },
        new Answer(response, resolve),
      );
    });
  }

  async #poolOf(socket: string): Promise<Pool> {
    const known = this.#pools.get(socket);
    if (known) return known;
    // Loaded with the first request: a stack without functions does without.
    const { Pool: PoolOf } = await import('undici');
    const again = this.#pools.get(socket);
    if (again) return again;
    const pool = new PoolOf('http://localhost', {
      socketPath: socket,
      connections,
      pipelining: 1,
      keepAliveTimeout: 600_000,
    });
    this.#pools.set(socket, pool);
    return pool;
  }
}

/** Gives an answer on as it comes. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #done: (failure?: ForwardFailure) => void;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(response: ServerResponse, done: (failure?: ForwardFailure) => void) {
    this.#response = response;
    this.#done = done;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { destroyed } = this.#response;
    if (destroyed) controller.abort(new Error('the client is gone'));
    else this.#response.once('close', this.#onClose);
  }

  readonly #onClose = (): void => {
    if (!this.#response.writableFinished) this.#controller?.abort(new Error('the client is gone'));
  };

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // What comes before the answer, such as 103, is between Deno and us.
    if (status < 200) return;
    const raw = controller.rawHeaders as readonly (Buffer | string)[];
    const headers: string[] = [];
    let isWhole = false;
    for (let index = 0; index < raw.length; index += 2) {
      const name = String(raw[index]);
      const lower = name.toLowerCase();
      if (connectionHeaders.has(lower)) continue;
      if (lower === 'content-length') isWhole = true;
      headers.push(name, (raw[index + 1] as Buffer).toString('latin1'));
    }
    this.#response.writeHead(status, headers);
    // Whoever waits for events wants to know at once that they will come.
    if (!isWhole) this.#response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
    this.#done();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    const isClosed = this.#response.destroyed;
    if (this.#response.headersSent) this.#response.destroy();
    if (isClosed) this.#done('aborted');
    else this.#done(/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(error.code ?? '') ? 'idle' : 'broken');
  }
}

/** Raw headers, so that their case and repetition stay. */
function forwardedHeaders(request: IncomingMessage): string[] {
  const headers: string[] = [];
  for (const [name, value] of Object.entries(request.headers)) {
    if (connectionHeaders.has(name) || value === undefined) continue;
    if (typeof value === 'string') headers.push(name, value);
    else for (const each of value) headers.push(name, each);
  }
  return headers;
}

/** A small body whole, a larger one as it comes, none where there is none. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | PassThrough | null> {
  const length = request.headers['content-length'];
  if (request.headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return null;
  if (length !== undefined && Number(length) <= wholeBody) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  // A function may answer before it has read everything; the client's connection has to outlive that.
  const body = new PassThrough();
  request.pipe(body);
  request.once('close', () => {
    if (!request.complete) body.destroy();
  });
  body.once('close', () => {
    request.unpipe(body);
    request.resume();
  });
  body.on('error', () => {});
  return body;
}
