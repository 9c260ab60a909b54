import type { Socket } from 'node:net';
import { poolerFatal } from '../errors.ts';
import { errorMessage, type WireError } from './messages.ts';
import { type ServerAddress, type ServerSession, sendCancel } from './server-login.ts';
import { readBy } from './shared-reads.ts';

/** What a session reports. */
export interface SessionContext {
  readonly address: () => ServerAddress;
  readonly connectTimeout: () => number;
  readonly now: () => number;
  readonly clientReceived: (bytes: number) => void;
  readonly serverReceived: (bytes: number) => void;
  readonly closed: (session: RawSession) => void;
  readonly memory: Buffer;
}

/** ReadyForQuery outside a transaction: what a server's bytes end with when it has nothing to do. */
const readyIdle = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/**
 * A client with a server connection of its own, from login to goodbye: session mode, direct sessions and replication.
 * Bytes go both ways as they are.
 */
export class RawSession {
  readonly secret: Buffer;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #session: ServerSession;
  readonly #context: SessionContext;
  activeAt: number;
  #serverIdle = true;
  #closed = false;
  #draining = false;

  constructor(given: Socket, session: ServerSession, secret: Buffer, context: SessionContext, rest: Buffer) {
    this.#session = session;
    this.secret = secret;
    this.#context = context;
    this.activeAt = context.now();
    const client = readBy(context.memory, given, (bytes) => this.#fromClient(bytes));
    const server = readBy(context.memory, session.socket, (bytes) => this.#fromServer(bytes));
    this.#client = client;
    this.#server = server;
    client.on('drain', () => server.resume());
    server.on('drain', () => client.resume());
    client.on('error', () => client.destroy());
    server.on('error', () => server.destroy());
    client.on('close', () => this.#ended(server));
    server.on('close', () => this.#ended(client));
    if (session.rest.length > 0) this.#fromServer(session.rest);
    if (rest.length > 0) this.#fromClient(rest);
    client.resume();
    server.resume();
  }

  /** As far as can be told, neither side has anything under way, and no transaction is open. */
  get isIdle(): boolean {
    return this.#serverIdle;
  }

  cancel(): Promise<void> {
    const { pid, secret } = this.#session;
    return sendCancel(this.#context.address(), pid, secret, this.#context.connectTimeout());
  }

  /** Ends it now if it is idle, or once it is. */
  drain(error: WireError): void {
    this.#draining = true;
    if (this.#serverIdle) this.fail(error);
  }

  /** Tells the client why, if that can be said between two messages, and ends both connections. */
  fail(error: WireError): void {
    if (this.#closed) return;
    if (this.#serverIdle) this.#client.write(errorMessage(error));
    this.#client.end();
    this.#server.end();
    setTimeout(() => {
      this.#client.destroy();
      this.#server.destroy();
    }, 5_000).unref();
  }

  #fromClient(bytes: Buffer): void {
    this.activeAt = this.#context.now();
    this.#serverIdle = false;
    this.#context.clientReceived(bytes.length);
    if (!this.#server.write(bytes)) this.#client.pause();
  }

  #fromServer(bytes: Buffer): void {
    this.#context.serverReceived(bytes.length);
    if (!this.#client.write(bytes)) this.#server.pause();
    const end = bytes.length;
    this.#serverIdle = end >= 6 && bytes[end - 1] === 0x49 && bytes.compare(readyIdle, 0, 6, end - 6, end) === 0;
    if (this.#draining && this.#serverIdle) this.fail(poolerFatal('shutdown'));
  }

  #ended(other: Socket): void {
    // What was written before still goes out.
    other.resume();
    other.end();
    if (this.#closed) return;
    this.#closed = true;
    setTimeout(() => other.destroy(), 5_000).unref();
    this.#context.closed(this);
  }
}
