/** A write below the stream layer (Node's `WriteWrap`). It belongs to one write until that is over. */
export interface NativeWrite {
  handle?: NativeHandle;
  /** Keeps the bytes alive. */
  buffer?: Buffer;
  oncomplete?: (status: number) => void;
}

/** What carries a socket's bytes inside Node (`TCP`, `Pipe` and `TLSWrap` alike). */
export interface NativeHandle {
  reading: boolean;
  onread: (this: NativeHandle, memory: ArrayBuffer | undefined) => unknown;
  useUserBuffer(memory: Buffer): void;
  /** Both return 0 or a negative system error. */
  readStart(): number;
  readStop(): number;
  writeBuffer(request: NativeWrite, bytes: Buffer): number;
}

/** Node's binding for streams, as far as it is used here; the same in Node 20, 22 and 24. */
export interface NativeStreams {
  readonly WriteWrap: new () => NativeWrite;
  /** Outcome of the last call, at the positions of the two numbers. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

/** What all sockets of a pooler read and write with. */
export interface SocketIo {
  /** What was read last, as Node put it. */
  readonly memory: SharedMemory;
  /** A copy of it behind `headroom` bytes to spare: written from, and replaced when a write is not over at once. */
  passing: SharedMemory;
  /** What was read last, in `passing`. */
  latest: Buffer | undefined;
  /** Undefined where Node does not give it away; then its streams are used. */
  readonly native: NativeStreams | undefined;
  /** Serves all writes that are over at once. */
  spare: NativeWrite | undefined;
}

/** The same bytes in two views. */
export interface SharedMemory {
  readonly bytes: Buffer;
  readonly words: Int32Array;
}

/** Bytes that are read at once. */
const size = 64 * 1024;
/** Bytes before what was read that may be written to; a multiple of four. */
export const headroom = 256;
/** Up to this length a loop is quicker than the call that copies. */
const brief = 1_024;

/** Fresh memory for `passing`. */
export const passingMemory = (): SharedMemory => sharedMemory(headroom + size);

function sharedMemory(length: number): SharedMemory {
  const bytes = Buffer.allocUnsafeSlow(length);
  return { bytes, words: new Int32Array(bytes.buffer, bytes.byteOffset, length >> 2) };
}

/** Takes what was read over into `passing`. @returns it, valid until the next read */
export function passOn(io: SocketIo, length: number): Buffer {
  const { memory, passing } = io;
  if (length <= brief) {
    const [from, to] = [memory.words, passing.words];
    for (let word = (length - 1) >> 2; word >= 0; word--) to[(headroom >> 2) + word] = from[word] as number;
  } else memory.bytes.copy(passing.bytes, headroom, 0, length);
  const latest = passing.bytes.subarray(headroom, headroom + length);
  io.latest = latest;
  return latest;
}

/** Whether bytes lie in the memory that the next read overwrites. */
export const isPassing = ({ passing }: SocketIo, bytes: Buffer): boolean => bytes.buffer === passing.bytes.buffer;

/** Prepares reading and writing. @param isDirect false: by way of Node's streams */
export function createSocketIo(isDirect = true): SocketIo {
  const native = isDirect ? nativeStreams() : undefined;
  const spare = native && new native.WriteWrap();
  return { memory: sharedMemory(size), passing: passingMemory(), latest: undefined, native, spare };
}

// `process.binding` is deprecated without a date (DEP0111), and the only way there. Whatever else is found counts as nothing.
function nativeStreams(): NativeStreams | undefined {
  const { binding } = process as unknown as { readonly binding?: (name: string) => Partial<NativeStreams> };
  try {
    const found = binding?.call(process, 'stream_wrap');
    const isKnown =
      typeof found?.WriteWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      typeof found.kReadBytesOrError === 'number' &&
      typeof found.kLastWriteWasAsync === 'number';
    return isKnown ? (found as NativeStreams) : undefined;
  } catch {
    return undefined;
  }
}
