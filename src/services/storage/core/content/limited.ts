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
