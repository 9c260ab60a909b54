import type { BacklogLimits, ClientConnection, ConnectionListener } from './client-connection.ts';
import type { Flusher } from './flusher.ts';
import { unframe } from './websocket-frame.ts';

/** Told once that there is something to take, or that nothing will come any more. */
type Wake = () => void;

/** A connection whose client asks again and again for what has come for it. Only text gets through. */
export class LongPollConnection implements ClientConnection {
  readonly #flusher: Flusher;
  readonly #limits: BacklogLimits;
  listener: ConnectionListener | undefined;
  #messages: string[] = [];
  #bytes = 0;
  #dropped = 0;
  #isClosed = false;
  #wake: Wake | undefined;
  #paused: { readonly over: Promise<void>; readonly resume: () => void } | undefined;

  constructor(flusher: Flusher, limits: BacklogLimits) {
    this.#flusher = flusher;
    this.#limits = limits;
  }

  get takesBinary(): boolean {
    return false;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes that wait to be asked for. */
  get backlog(): number {
    return this.#bytes;
  }

  /** Resolves once the client may be listened to; undefined where it may at once. */
  get paused(): Promise<void> | undefined {
    return this.#paused?.over;
  }

  send(frame: Buffer, mayDrop: boolean): boolean {
    if (this.#isClosed) return false;
    const { payload, binary } = unframe(frame);
    if (binary) return false;
    if (mayDrop && this.#bytes > this.#limits.soft) {
      this.#dropped++;
      return false;
    }
    if (this.#bytes + payload.length > this.#limits.hard) {
      this.close();
      return false;
    }
    if (this.#messages.length === 0) this.#flusher.add(this);
    this.#messages.push(payload.toString());
    this.#bytes += payload.length;
    return true;
  }

  /** Wakes who waits. Called by the flusher once a turn. */
  flush(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** What has come, which is given once. */
  take(): string[] {
    const messages = this.#messages;
    const dropped = this.#dropped;
    this.#messages = [];
    this.#bytes = 0;
    this.#dropped = 0;
    if (dropped > 0) this.listener?.caughtUp(dropped);
    return messages;
  }

  /**
   * Waits for something to take; who waited before is not woken any more.
   *
   * @returns a function that ends the wait
   */
  wait(wake: Wake): () => void {
    this.#wake = wake;
    return () => {
      if (this.#wake === wake) this.#wake = undefined;
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.resume();
    // As with a socket, the end is learnt after what led to it is done.
    setImmediate(() => {
      const { listener } = this;
      this.listener = undefined;
      listener?.closed();
      this.flush();
    });
  }

  pause(): void {
    if (this.#paused || this.#isClosed) return;
    let resume: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      resume = resolve;
    });
    this.#paused = { over, resume };
  }

  resume(): void {
    this.#paused?.resume();
    this.#paused = undefined;
  }
}
