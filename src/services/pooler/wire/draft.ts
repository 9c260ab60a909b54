import { headroom, type SocketIo } from './native-streams.ts';

/** Bytes that are moved at most to make room for a longer name. */
const movable = 256;
/** Less than any name shrinks by: nothing may be moved. */
const noRoom = -(2 ** 30);

/**
 * What goes to the server of a chunk that came from a client: mostly all of it as it is, with names of statements exchanged
 * in place where there is room to move what stands before them. One serves all clients of a pooler in turn; nothing of it is
 * kept between two chunks.
 */
export class Draft {
  readonly #io: SocketIo;
  #bytes: Buffer = Buffer.alloc(0);
  /** Where the part begins that has not been put among the pieces; below zero in the room before the chunk. */
  #from = 0;
  #pieces: Buffer[] = [];
  /** Bytes to spare before that part. */
  #room = noRoom;
  /** The memory that the chunk lies in, if it may be written to. */
  #memory: Buffer;

  constructor(io: SocketIo) {
    this.#io = io;
    this.#memory = io.passing.bytes;
  }

  /** Begins with a chunk, of which everything goes on. */
  begin(bytes: Buffer): void {
    const { passing, latest } = this.#io;
    this.#bytes = bytes;
    this.#from = 0;
    if (this.#pieces.length > 0) this.#pieces = [];
    this.#memory = passing.bytes;
    this.#room = bytes === latest ? headroom : noRoom;
  }

  /** From here on nothing is moved in its place. */
  pin(): void {
    this.#room = noRoom;
  }

  /** Puts other bytes in the place of `count` bytes at `at`; none leave them out. */
  replace(at: number, count: number, ...instead: readonly Buffer[]): void {
    if (at > this.#from) this.#pieces.push(this.#part(at));
    this.#pieces.push(...instead);
    this.#from = at + count;
    this.#room = noRoom;
  }

  /**
   * Exchanges the name in a message at `at`, whose length changes with it.
   *
   * @param nameAt the name's place, which ends before `nameEnd`
   * @param length the message's length field as it was
   */
  rename(at: number, nameAt: number, nameEnd: number, name: Buffer, length: number): void {
    const growth = name.length - (nameEnd - nameAt);
    const from = this.#from;
    if (growth > this.#room || nameAt - from > movable) {
      const head = Buffer.allocUnsafe(nameAt - at + name.length);
      this.#bytes.copy(head, 0, at, nameAt);
      head.writeUInt32BE(length + growth, 1);
      name.copy(head, nameAt - at);
      this.replace(at, nameEnd - at, head);
      return;
    }
    const memory = this.#memory;
    const start = headroom - growth;
    memory.copyWithin(start + from, headroom + from, headroom + nameAt);
    memory.writeUInt32BE(length + growth, start + at + 1);
    for (let byte = 0; byte < name.length; byte++) memory[start + nameAt + byte] = name[byte] as number;
    this.#from = from - growth;
    this.#room -= growth;
  }

  /** Ends before `at`. @returns what goes to the server, in order; valid as long as the chunk */
  end(at: number): readonly Buffer[] {
    if (at > this.#from) this.#pieces.push(this.#part(at));
    return this.#pieces;
  }

  #part(to: number): Buffer {
    const from = this.#from;
    if (from < 0) return this.#memory.subarray(headroom + from, headroom + to);
    return from === 0 && to === this.#bytes.length ? this.#bytes : this.#bytes.subarray(from, to);
  }
}
