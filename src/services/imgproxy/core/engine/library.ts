import type { Sharp, SharpOptions } from 'sharp';
import { imgproxyError } from '../../errors.ts';

/** The image library: libvips by way of sharp. */
export type Library = typeof import('sharp').default;

/** Pixels or an encoded image in memory. */
export interface Picture {
  readonly data: Buffer;
  /** Present for bare pixels; of an animation the frames lie below each other, each `pageHeight` high. */
  readonly raw?: {
    readonly width: number;
    readonly height: number;
    readonly channels: 1 | 2 | 3 | 4;
    readonly pageHeight: number;
  };
  /** Dots per inch that a vector image is drawn at; 72 is its own size. */
  readonly density?: number;
}

/** What a piece of work with the library is bounded by. */
export interface Bounds {
  readonly pixels: number;
  /** When it has to be finished, in milliseconds of the monotonic clock. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/**
 * Loads the library, which takes 50 ms and 20 MB, so on first use only.
 *
 * @param threads used for one transformation
 */
export async function loadLibrary(threads: number): Promise<Library> {
  const { default: sharp } = await import('sharp');
  // Sources hardly ever come twice in a row; what would be kept here is what the result cache keeps in a better place.
  sharp.cache(false);
  sharp.concurrency(threads);
  return sharp;
}

/** Opens a picture. @param frames how many of an animation, or one of them */
export function open(
  sharp: Library,
  picture: Picture,
  bounds: Bounds,
  frames: { readonly count: number } | { readonly index: number },
): Sharp {
  const { data, raw, density } = picture;
  const options: SharpOptions = {
    // Header and pixels may not differ in what they tell, so this holds for what lies about its size, too.
    limitInputPixels: Math.ceil(bounds.pixels),
    failOn: 'error',
    sequentialRead: true,
    unlimited: false,
    ...(density !== undefined && { density }),
    ...('count' in frames ? { pages: frames.count } : { page: frames.index, pages: 1 }),
    ...(raw && { raw: rawOf(raw) }),
  };
  return sharp(data, options).timeout({ seconds: secondsLeft(bounds) });
}

function secondsLeft({ deadline, signal }: Bounds): number {
  if (signal.aborted) throw signal.reason;
  const left = deadline - performance.now();
  if (left <= 0) throw imgproxyError('timeout');
  return Math.min(3_600, Math.ceil(left / 1_000));
}

// The library takes a height of pages for animations only.
function rawOf({ width, height, channels, pageHeight }: NonNullable<Picture['raw']>) {
  return { width, height, channels, ...(pageHeight < height && { pageHeight }) };
}

/** Runs a pipeline and keeps the pixels. @param frames of what it makes */
export async function toPixels(pipeline: Sharp, frames = 1): Promise<Picture & Required<Pick<Picture, 'raw'>>> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { data, raw: { width, height, channels, pageHeight: height / frames } };
}

/** Turns what the library throws into an error of the room. */
export function libraryError(error: unknown): Error {
  if (!(error instanceof Error) || error.name === 'ServiceError') return error as Error;
  const { message } = error;
  if (/pixel limit/i.test(message))
    return imgproxyError('source_resolution_too_big', { details: 'Source image resolution is too big', cause: error });
  if (/timeout/i.test(message)) return imgproxyError('timeout', { details: 'Processing took too long', cause: error });
  // A mistake of our own is none of the picture's.
  if (error instanceof TypeError || error instanceof RangeError || /^Expected /.test(message)) return error;
  return imgproxyError('source_invalid', { details: message.split('\n')[0], cause: error });
}
