import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { AnswerReader, type AnswerSink } from './answer-reader.ts';
import type { Outgoing } from './outgoing.ts';

/** Why no answer came, or not all of it. */
export type ForwardFailure = 'idle' | 'broken' | 'aborted';

/** `stale`: the worker had closed a kept connection, nothing has happened, and another one may be tried. */
export type ExchangeOutcome = ForwardFailure | 'stale' | undefined;

/** Bytes up to which a last part is sent together with the head. */
const smallPart = 4_096;

/** A worker that says how long it keeps a connection is not held to the last moment of it. */
const keptMargin = 1_000;

/** One connection to a worker, for one request after another. */
export class WorkerConnection implements AnswerSink {
  readonly #socket: Socket;
  readonly #reader = new AnswerReader(this);
  readonly #idleTimeout: number;
  readonly #now: () => number;
  #response: ServerResponse | undefined;
  #outgoing: Outgoing | undefined;
  #done: ((outcome: ExchangeOutcome) => void) | undefined;
  #upload: IncomingMessage | undefined;
  #answers = 0;
  #hasBytes = false;
  #isEnded = false;
  #isWaiting = false;
  #keptUntil = Number.POSITIVE_INFINITY;

  /**
   * @param idleTimeout milliseconds of silence after which a request, or a connection without one, is given up
   * @param onClose called once, when it can no longer be used
   */
  constructor(path: string, idleTimeout: number, now: () => number, onClose: (connection: WorkerConnection) => void) {
    this.#idleTimeout = idleTimeout;
    this.#now = now;
    const socket = connect(path);
    this.#socket = socket;
    socket.setTimeout(idleTimeout);
    socket.on('data', (chunk) => this.#onChunk(chunk));
    socket.on('end', () => {
      if (this.#done !== undefined) this.#reader.finish();
    });
    // What follows from a failure is the same as what follows from the end.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#finish(this.#breakage());
      onClose(this);
    });
    socket.on('timeout', () => this.#onSilence());
  }

  /** Whether it can take a request. */
  get isUsable(): boolean {
    return this.#done === undefined && this.#socket.writable && this.#now() < this.#keptUntil;
  }

  /** Sends a request, and its answer on as it comes. */
  exchange(outgoing: Outgoing, response: ServerResponse): Promise<ExchangeOutcome> {
    return new Promise((resolve) => {
      this.#response = response;
      this.#outgoing = outgoing;
      this.#done = resolve;
      this.#hasBytes = false;
      this.#isEnded = false;
      this.#isWaiting = false;
      response.on('close', this.#onClientClose);
      this.#reader.begin(outgoing.isHead);
      this.#send(outgoing);
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  onHead(status: number, headers: string[], isSized: boolean): void {
    const response = this.#response as ServerResponse;
    response.writeHead(status, headers);
    // Whoever waits for events wants to know at once that they will come.
    if (!isSized) response.flushHeaders();
  }

  onData(chunk: Buffer, isLast: boolean): void {
    const response = this.#response as ServerResponse;
    if (isLast) {
      this.#isEnded = true;
      // As text, head and body leave in one write; this encoding changes no byte.
      if (chunk.length <= smallPart) response.end(chunk.toString('latin1'), 'latin1');
      else response.end(chunk);
      return;
    }
    if (response.write(chunk) || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#socket.pause();
    response.once('drain', () => {
      if (this.#response !== response) return;
      this.#isWaiting = false;
      this.#socket.resume();
    });
  }

  onEnd(): void {
    if (!this.#isEnded) this.#response?.end();
    const { isReusable, keptFor } = this.#reader;
    this.#keptUntil = keptFor === undefined ? Number.POSITIVE_INFINITY : this.#now() + keptFor - keptMargin;
    const isSent = this.#upload === undefined;
    this.#answers++;
    this.#finish(undefined);
    // What the function did not care to read must not be taken for the next request.
    if (!isReusable || !isSent) this.#socket.destroy();
  }

  #send({ head, body, isChunked }: Outgoing): void {
    const socket = this.#socket;
    if (body === undefined) {
      socket.write(head, 'latin1');
      return;
    }
    if (Buffer.isBuffer(body)) {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
      return;
    }
    socket.write(head, 'latin1');
    this.#upload = body;
    body.on('data', (chunk: Buffer) => {
      if (this.#upload !== body) return;
      if (!this.#sendPart(chunk, isChunked)) {
        body.pause();
        socket.once('drain', () => body.resume());
      }
    });
    body.on('end', () => {
      if (this.#upload !== body) return;
      this.#upload = undefined;
      if (isChunked) socket.write('0\r\n\r\n', 'latin1');
    });
  }

  #sendPart(chunk: Buffer, isChunked: boolean): boolean {
    const socket = this.#socket;
    if (!isChunked) return socket.write(chunk);
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    socket.write(chunk);
    const hasRoom = socket.write('\r\n', 'latin1');
    socket.uncork();
    return hasRoom;
  }

  #onChunk(chunk: Buffer): void {
    this.#hasBytes = true;
    try {
      this.#reader.write(chunk);
    } catch {
      this.#finish('broken');
      this.#socket.destroy();
    }
  }

  #onSilence(): void {
    // It is the client who is slow.
    if (this.#isWaiting) this.#socket.setTimeout(this.#idleTimeout);
    else {
      this.#finish('idle');
      this.#socket.destroy();
    }
  }

  readonly #onClientClose = (): void => {
    if (this.#response?.writableFinished) return;
    this.#finish('aborted');
    this.#socket.destroy();
  };

  #breakage(): ExchangeOutcome {
    const isFresh = this.#answers === 0;
    return !isFresh && !this.#hasBytes && this.#outgoing?.isRepeatable ? 'stale' : 'broken';
  }

  #finish(outcome: ExchangeOutcome): void {
    const done = this.#done;
    if (done === undefined) return;
    const response = this.#response as ServerResponse;
    response.removeListener('close', this.#onClientClose);
    // A client's connection has to outlive a function that answers before it has read everything.
    this.#upload?.resume();
    this.#upload = undefined;
    this.#done = undefined;
    this.#response = undefined;
    this.#outgoing = undefined;
    if (outcome !== undefined && response.headersSent) response.destroy();
    done(outcome);
  }
}
