import { createHash } from 'node:crypto';
import { ServiceError } from '#kernel/errors';
import { imgproxyError } from '../errors.ts';
import type { Engine, Made } from './engine/engine.ts';
import { type Accepted, dependsOnAccept, type FormatPolicy } from './format/choose.ts';
import { findSource, type SourceOptions, type SourceUse } from './source/find.ts';
import type { Source } from './source/source.ts';
import type { Processing } from './url/processing.ts';
import { createFlights } from './work/flights.ts';
import { cacheKey, type ResultCache } from './work/result-cache.ts';
import type { Slots } from './work/slots.ts';

/** What images are made with. */
export interface ImagesOptions {
  readonly engine: Engine;
  readonly formats: FormatPolicy;
  readonly cache: ResultCache | undefined;
  /** One for each transformation at a time. */
  readonly processors: Slots;
  /** One for each source in memory. */
  readonly memory: Slots;
  readonly sources: SourceOptions;
  readonly fallback: () => Promise<Buffer | undefined>;
  /** Milliseconds for a result to be made. */
  readonly timeout: number;
  /** What results depend on beside source and options: settings that change them. */
  readonly settingsKey: string;
}

/** A result with what is known of its source. */
export interface Image {
  readonly made: Made;
  readonly source: Pick<Source, 'lastModified' | 'cacheControl' | 'expires' | 'name'>;
  /** Changes when the result does. */
  readonly tag: { readonly options: string; readonly source: string };
  /** Why the fallback image is in the source's place. */
  readonly failure?: ServiceError;
}

/** What is wanted of a source. */
export interface ImageWish {
  readonly processing: Readonly<Processing>;
  readonly accepted: Accepted;
  readonly signal: AbortSignal;
}

/** Opens a source. */
export type OpenSource = (use: SourceUse) => Promise<Source>;

/** Makes images: finds the source, looks for the result, transforms where there is none. Equal wishes are one piece of work. */
export interface Images {
  /** @throws ServiceError */
  fromUrl(url: string, wish: ImageWish): Promise<Image>;
  /** @param identity tells the source from all others @throws ServiceError */
  fromSource(identity: string, open: OpenSource, wish: ImageWish): Promise<Image>;
  /** What was done so far: transformations, and results found in the cache. */
  readonly counts: { readonly made: number; readonly found: number };
}

/** Joins the parts. */
export function createImages(options: ImagesOptions): Images {
  const flights = createFlights<Image>();
  const counts = { made: 0, found: 0 };
  const usesAccept = dependsOnAccept(options.formats);

  function fromSource(identity: string, open: OpenSource, { processing, accepted, signal }: ImageWish): Promise<Image> {
    // What concerns the answer alone is left out, so that it does not keep equal results apart.
    const { expires: _e, filename: _f, attachment: _a, ...relevant } = processing;
    const optionsKey = digest([relevant, usesAccept && accepted, options.settingsKey]);
    const key = cacheKey([identity, optionsKey]);
    return flights.join(key, signal, (shared) => make(open, processing, accepted, optionsKey, shared));
  }

  async function make(
    open: OpenSource,
    processing: Processing,
    accepted: Accepted,
    optionsKey: string,
    shared: AbortSignal,
  ): Promise<Image> {
    const timer = AbortSignal.timeout(options.timeout);
    const signal = AbortSignal.any([shared, timer]);
    const deadline = performance.now() + options.timeout;
    const maxBytes = processing.limits.bytes;
    let release: (() => void) | undefined;
    const hold = async () => {
      release ??= await options.memory.take(signal);
    };
    try {
      const { source, failure } = await withFallback(open, { maxBytes, signal, hold });
      const finish = (made: Made, version: string): Image => ({
        made,
        source,
        tag: { options: optionsKey, source: digest([version]) },
        ...(failure && { failure }),
      });
      const resultKey = source.version === undefined ? undefined : cacheKey([source.version, optionsKey]);
      const known = resultKey && (await options.cache?.get(resultKey));
      if (known) {
        counts.found++;
        return finish(known, source.version as string);
      }
      await hold();
      const bytes = await source.read(maxBytes, signal);
      const leave = await options.processors.take(signal);
      let made: Made;
      try {
        made = await options.engine.transform({ bytes, processing, accepted, signal, deadline });
      } finally {
        leave();
      }
      counts.made++;
      if (resultKey && !processing.raw) await options.cache?.put(resultKey, made);
      return finish(made, source.version ?? digest([bytes.toString('latin1')]));
    } catch (error) {
      if (timer.aborted && !(error instanceof ServiceError && error.code !== 'cancelled'))
        throw imgproxyError('timeout', { details: 'Timeout', cause: error });
      throw error;
    } finally {
      release?.();
    }
  }

  // Only what concerns the source itself is made up for; a wrong URL or a full queue is not.
  async function withFallback(open: OpenSource, use: SourceUse): Promise<{ source: Source; failure?: ServiceError }> {
    try {
      return { source: await open(use) };
    } catch (error) {
      if (!(error instanceof ServiceError) || !error.code.startsWith('source_')) throw error;
      const image = await options.fallback();
      if (image === undefined) throw error;
      return {
        source: { version: `fallback:${digest([image.toString('latin1')])}`, read: async () => image },
        failure: error,
      };
    }
  }

  return {
    counts,
    fromSource,
    fromUrl: (url, wish) => fromSource(`url:${url}`, (use) => findSource(url, options.sources, use), wish),
  };
}

const digest = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
