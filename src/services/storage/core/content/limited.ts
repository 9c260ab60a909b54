import { storageError } from '../../errors.ts';

/** Passes on what a source yields, up to a number of bytes. @throws EntityTooLarge beyond */
export async function* limited(source: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) throw storageError('EntityTooLarge');
    yield chunk;
  }
}

/**
 * Passes on what a client sends, as long as it sends: only the time that is spent waiting for it counts.
 *
 * @param milliseconds between two pieces at most
 * @throws RequestTimeout
 */
export async function* patient(source: AsyncIterable<Buffer>, milliseconds: number): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await within(iterator.next(), milliseconds);
      if (next.done) {
        isOver = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    isOver = true;
    throw error;
  } finally {
    // After a time-out the source is still waiting, and would not answer.
    if (!isOver) await iterator.return?.();
  }
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    // What arrived while this process was busy is looked at first.
    timer = setTimeout(() => setImmediate(() => reject(storageError('RequestTimeout'))), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // It ends some day, when nobody listens any more.
    work.catch(() => {});
  }
}
