import type { Duplex } from 'node:stream';
import type { WebSocket } from '#kernel/http';
import type { BacklogLimits, ClientConnection, ConnectionListener } from './client-connection.ts';
import type { Flusher } from './flusher.ts';
import { unframe } from './websocket-frame.ts';

/** One WebSocket. Frames are written in the order sent, those of one turn of the event loop together. */
export class Connection implements ClientConnection {
  readonly #socket: Duplex;
  readonly #ws: WebSocket;
  readonly #flusher: Flusher;
  readonly #limits: BacklogLimits;
  listener: ConnectionListener | undefined;
  #queue: Buffer[] = [];
  #queued = 0;
  #dropped = 0;
  #isSlow = false;
  #isClosing = false;
  #bytesRead = 0;
  #bytesWritten = 0;
  #heardAt: number;
  #tookAt: number;

  constructor(socket: Duplex, ws: WebSocket, flusher: Flusher, limits: BacklogLimits, now: number) {
    this.#socket = socket;
    this.#ws = ws;
    this.#flusher = flusher;
    this.#limits = limits;
    this.#heardAt = now;
    this.#tookAt = now;
    this.#bytesRead = (socket as { bytesRead?: number }).bytesRead ?? 0;
  }

  get takesBinary(): boolean {
    return true;
  }

  /** Bytes that wait to be taken by the client. */
  get backlog(): number {
    return this.#queued + this.#socket.writableLength;
  }

  send(frame: Buffer, mayDrop: boolean): boolean {
    if (this.#isClosing) return false;
    const backlog = this.backlog;
    if (backlog > this.#limits.soft) {
      this.#becomeSlow();
      if (mayDrop) {
        this.#dropped++;
        return false;
      }
      if (backlog + frame.length > this.#limits.hard) {
        this.close(1013, 'The client is too slow');
        return false;
      }
    }
    if (this.#queued === 0) this.#flusher.add(this);
    this.#queue.push(frame);
    this.#queued += frame.length;
    return true;
  }

  /** Writes what waits. Called by the flusher once a turn. */
  flush(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    this.#queued = 0;
    if (this.#socket.destroyed) return;
    if (this.#ws.extensions !== '') {
      // Compressed frames can only be made by who keeps the compressor.
      for (const frame of queue) {
        const { payload, binary } = unframe(frame);
        this.#ws.send(payload, { binary });
      }
      return;
    }
    if (queue.length === 1) {
      this.#socket.write(queue[0]);
      return;
    }
    this.#socket.cork();
    for (const frame of queue) this.#socket.write(frame);
    this.#socket.uncork();
  }

  close(code: number, reason = ''): void {
    if (this.#isClosing) return;
    this.flush();
    this.#isClosing = true;
    this.#ws.close(code, reason);
  }

  /** Ends it at once. */
  destroy(): void {
    this.#isClosing = true;
    this.#ws.terminate();
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  /**
   * Ends connections of clients that are gone.
   *
   * @param idle milliseconds without a byte from the client, at most
   */
  check(now: number, idle: number): void {
    const { bytesRead = 0, bytesWritten = 0 } = this.#socket as { bytesRead?: number; bytesWritten?: number };
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead;
      this.#heardAt = now;
    }
    // `bytesWritten` counts what still waits as well.
    const taken = bytesWritten - this.#socket.writableLength;
    if (taken !== this.#bytesWritten || this.#socket.writableLength === 0) {
      this.#bytesWritten = taken;
      this.#tookAt = now;
    }
    if (now - this.#tookAt > this.#limits.stall) this.destroy();
    else if (now - this.#heardAt > idle) this.close(1000);
  }

  #becomeSlow(): void {
    if (this.#isSlow) return;
    this.#isSlow = true;
    this.#socket.once('drain', () => {
      const dropped = this.#dropped;
      this.#isSlow = false;
      this.#dropped = 0;
      if (dropped > 0) this.listener?.caughtUp(dropped);
    });
  }
}
