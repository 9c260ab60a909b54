/** Bytes of one buffer. Smaller ones cost more turns for each megabyte, larger ones leave the processor's caches. */
export const bufferSize = 512 * 1024;
/** What those get for whom there is no buffer left. */
const smallPiece = 64 * 1024;
/** Buffers kept when nobody needs them. */
const keptIdle = 8;

/** Buffers that files are sent through. A new one for each piece would cost more than reading it does. */
export interface ReadBuffers {
  /** A buffer with arbitrary content: a large one while there are any, else a small one. */
  take(): Buffer;
  /** @param isFree false where something may still read from it */
  give(buffer: Buffer, isFree: boolean): void;
}

/** @param most bytes of all large buffers together */
export function createReadBuffers(most: number): ReadBuffers {
  const idle: Buffer[] = [];
  let lent = 0;
  return {
    take() {
      if ((lent + 1) * bufferSize > most) return Buffer.allocUnsafeSlow(smallPiece);
      lent++;
      return idle.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
    },
    give(buffer, isFree) {
      if (buffer.length !== bufferSize) return;
      lent--;
      if (isFree && idle.length < keptIdle) idle.push(buffer);
    },
  };
}
