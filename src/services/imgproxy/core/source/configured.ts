import { readFile } from 'node:fs/promises';
import type { Egress } from '#kernel/egress';

/** An image that an operator chose: a watermark, or what takes the place of missing sources. */
export interface ConfiguredImage {
  /** Base64. */
  readonly data: string | undefined;
  readonly path: string | undefined;
  readonly url: string | undefined;
}

/**
 * Reads such an image when it is first asked for, and keeps it. Undefined where none is configured.
 *
 * @returns a function that rejects while the image cannot be had, and tries again with the next call
 */
export function createConfiguredImage(
  { data, path, url }: ConfiguredImage,
  egress: Egress,
  maxBytes: number,
): () => Promise<Buffer | undefined> {
  let kept: Promise<Buffer | undefined> | undefined;
  const read = async (): Promise<Buffer | undefined> => {
    if (data !== undefined) return Buffer.from(data, 'base64');
    if (path !== undefined) return readFile(path);
    if (url === undefined) return undefined;
    const answer = await egress.request(url, { byOperator: true, redirects: 5, maxBytes });
    if (answer.status !== 200) throw new Error(`status ${answer.status} of a configured image`);
    return answer.body;
  };
  return () => {
    kept ??= read().catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
}
