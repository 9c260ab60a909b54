import type { Socket } from 'node:net';
import { poolerFatal } from '../errors.ts';
import { Channel } from './channel.ts';
import { errorMessage, type WireError } from './messages.ts';
import type { SocketIo } from './native-streams.ts';
import { type ServerSession, sendCancel } from './server-login.ts';

/** What a session reports. */
export interface SessionContext {
  readonly connectTimeout: () => number;
  readonly now: () => number;
  readonly clientReceived: (bytes: number) => void;
  readonly serverReceived: (bytes: number) => void;
  readonly closed: (session: RawSession) => void;
  readonly io: SocketIo;
}

/** ReadyForQuery outside a transaction: what a server's bytes end with when it has nothing to do. */
const readyIdle = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/**
 * A client with a server connection of its own, from login to goodbye: session mode, direct sessions and replication.
 * Bytes go both ways as they are.
 */
export class RawSession {
  readonly secret: Buffer;
  readonly #client: Channel;
  readonly #server: Channel;
  readonly #session: ServerSession;
  readonly #context: SessionContext;
  activeAt: number;
  #serverIdle = true;
  #closed = false;
  #draining = false;

  constructor(socket: Socket, session: ServerSession, secret: Buffer, context: SessionContext, rest: Buffer) {
    this.#session = session;
    this.secret = secret;
    this.#context = context;
    this.activeAt = context.now();
    const client = new Channel(socket, context.io, {
      received: (bytes) => this.#fromClient(bytes),
      drained: () => this.#server.resume(),
      closed: () => this.#ended(this.#server),
    });
    const server = new Channel(session.socket, context.io, {
      received: (bytes) => this.#fromServer(bytes),
      drained: () => this.#client.resume(),
      closed: () => this.#ended(this.#client),
    });
    this.#client = client;
    this.#server = server;
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
    const { address, pid, secret } = this.#session;
    return sendCancel(address, pid, secret, this.#context.connectTimeout());
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

  #ended(other: Channel): void {
    // What was written before still goes out.
    other.resume();
    other.end();
    if (this.#closed) return;
    this.#closed = true;
    this.#context.closed(this);
  }
}
