import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  isPassing,
  type NativeHandle,
  type NativeStreams,
  passingMemory,
  passOn,
  type SocketIo,
} from './native-streams.ts';

/** What a channel tells its owner. */
export interface ChannelEvents {
  /** Bytes arrived. Whoever needs them after returning copies them; to write them at once needs no copy. */
  received(bytes: Buffer): void;
  /** More can be written after `write` returned false. */
  drained(): void;
  closed(): void;
}

/**
 * A connected socket that bytes are read from and written to below Node's stream layer, which would cost more than all the
 * rest that is done for a query. What the system takes at once is over at once: no queue, no callback, no tick. For the
 * rest, for TLS's writes, and where Node has changed, its streams are used; order is kept across both, since libuv keeps it.
 */
export class Channel {
  readonly #socket: Socket;
  readonly #io: SocketIo;
  readonly #events: ChannelEvents;
  /** Reads go by it; undefined: by the stream. */
  #reader: NativeHandle | undefined;
  /** Writes go by it; undefined: by the stream. */
  #writer: NativeHandle | undefined;
  /** A direct write is under way. */
  #writing = false;
  /** Writes may be under way, so that what follows joins the stream's queue. */
  #queued: boolean;
  #ended = false;

  /** @param socket paused, and nobody else's from now on. Reading begins with `resume`. */
  constructor(socket: Socket, io: SocketIo, events: ChannelEvents) {
    this.#socket = socket;
    this.#io = io;
    this.#events = events;
    this.#queued = socket.writableLength > 0;
    socket.on('drain', () => this.#drained());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#reader = undefined;
      this.#writer = undefined;
      this.#ended = true;
      events.closed();
    });
    // What has been read already was put by; it comes first.
    const before = socket.read() as Buffer | null;
    const handle = (socket as unknown as { readonly _handle?: NativeHandle | null })._handle;
    if (!io.native || !handle || !isUsable(handle) || socket.destroyed) {
      if (before) socket.unshift(before);
      socket.on('data', events.received);
      return;
    }
    this.#takeOver(handle, io.native);
    if (before) process.nextTick(() => events.received(before));
  }

  #takeOver(handle: NativeHandle, native: NativeStreams): void {
    const { streamBaseState, kReadBytesOrError } = native;
    const io = this.#io;
    const { received } = this.#events;
    const streamed = handle.onread;
    handle.readStop();
    handle.reading = false;
    handle.useUserBuffer(io.memory.bytes);
    handle.onread = (rest) => {
      const length = streamBaseState[kReadBytesOrError] as number;
      if (length > 0) received(passOn(io, length));
      else if (length < 0) streamed.call(handle, rest);
      // Anything returned would become the memory of the next read.
      return undefined;
    };
    this.#reader = handle;
    if (!(this.#socket instanceof TLSSocket)) this.#writer = handle;
  }

  /** @returns false when the other side has to catch up; `drained` follows */
  write(bytes: Buffer): boolean {
    const writer = this.#writer;
    if (this.#ended) return true;
    const io = this.#io;
    if (!writer || this.#queued) return this.#stream(bytes);
    const native = io.native as NativeStreams;
    const request = io.spare ?? new native.WriteWrap();
    io.spare = undefined;
    const failure = writer.writeBuffer(request, bytes);
    if (failure !== 0) this.#socket.destroy();
    else if (native.streamBaseState[native.kLastWriteWasAsync] !== 0) {
      this.#writing = true;
      this.#queued = true;
      request.handle = writer;
      request.buffer = bytes;
      if (isPassing(io, bytes)) io.passing = passingMemory();
      request.oncomplete = (status) => this.#written(status);
      return false;
    }
    io.spare = request;
    return true;
  }

  #stream(bytes: Buffer): boolean {
    const open = this.#socket.write(isPassing(this.#io, bytes) ? Buffer.from(bytes) : bytes);
    // The stream's queue may have become empty without a word.
    if (!this.#writing && this.#socket.writableLength === 0) this.#queued = false;
    return open;
  }

  #written(status: number): void {
    this.#writing = false;
    this.#queued = this.#socket.writableLength > 0;
    if (status < 0) this.#socket.destroy();
    else if (!this.#socket.writableNeedDrain) this.#drained();
  }

  #drained(): void {
    this.#queued = this.#writing || this.#socket.writableLength > 0;
    if (!this.#writing) this.#events.drained();
  }

  pause(): void {
    const reader = this.#reader;
    if (!reader) this.#socket.pause();
    else if (reader.reading) {
      reader.reading = false;
      reader.readStop();
    }
  }

  resume(): void {
    const reader = this.#reader;
    if (!reader) this.#socket.resume();
    else if (!reader.reading) {
      reader.reading = true;
      if (reader.readStart() !== 0) this.#socket.destroy();
    }
  }

  /** Ends it once what was written has gone out, but after 5 seconds in any case. @param last goes out before */
  end(last?: Buffer): void {
    if (this.#ended) return;
    if (last) this.write(last);
    this.#ended = true;
    this.#socket.end();
    // Whoever does not answer to that is not waited for.
    const timer = setTimeout(() => this.#socket.destroy(), 5_000).unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }
}

function isUsable(handle: NativeHandle): boolean {
  return (['onread', 'useUserBuffer', 'readStart', 'readStop', 'writeBuffer'] as const).every(
    (name) => typeof handle[name] === 'function',
  );
}
