import { imgproxyError } from '../../errors.ts';
import { type Format, formats } from '../format/formats.ts';
import type { Size } from '../geometry/gravity.ts';
import type { SourceLimits } from '../url/processing.ts';
import { type Bounds, type Library, open, type Picture } from './library.ts';

/** What the header of a source tells. */
export interface Inspected extends Size {
  readonly format: Format;
  readonly picture: Picture;
  /** EXIF orientation, 1–8; 1 is upright. */
  readonly orientation: number;
  /** Frames that are kept; 1 for a still image. */
  readonly frames: number;
  /** Milliseconds each frame is shown. */
  readonly delays: readonly number[];
  /** How often an animation is played; 0 is for ever. */
  readonly loop: number;
  readonly alpha: boolean;
  readonly exif: Buffer | undefined;
}

const standardDelay = 40;
/** Dots per inch at which a vector image has the size it declares. */
export const standardDensity = 72;

/**
 * Reads the header and holds it against the bounds, before any pixel is decoded. A vector image that declares too large a
 * size is drawn smaller instead.
 *
 * @throws ServiceError
 */
export async function inspect(
  sharp: Library,
  picture: Picture,
  format: Format,
  limits: SourceLimits,
  bounds: Bounds,
): Promise<Inspected> {
  const { vector, animation } = formats[format];
  // The bound is checked below, where it can be told which one it was; a header alone costs nothing.
  const header = await open(sharp, picture, { ...bounds, pixels: Number.MAX_SAFE_INTEGER }, { index: 0 }).metadata();
  const pages = animation && picture.raw === undefined ? (header.pages ?? 1) : 1;
  const frames = Math.max(1, Math.min(pages, limits.frames));
  const size = { width: header.width, height: header.pageHeight ?? header.height };
  const pixels = size.width * size.height;
  const common = {
    format,
    picture,
    orientation: header.orientation ?? 1,
    frames,
    delays: Array.from({ length: frames }, (_, index) => header.delay?.[index] || standardDelay),
    loop: header.loop ?? 0,
    alpha: header.hasAlpha ?? false,
    exif: header.exif,
  };
  if (vector) return { ...common, ...drawnWithin(size, picture, limits.pixels) };
  if (limits.framePixels > 0 && frames > 1) {
    if (pixels > limits.framePixels)
      throw imgproxyError('source_frame_resolution_too_big', {
        details: 'Source image frame resolution is too big',
      });
  } else if (pixels * frames > limits.pixels)
    throw imgproxyError('source_resolution_too_big', { details: 'Source image resolution is too big' });
  return { ...common, ...size };
}

function drawnWithin(size: Size, picture: Picture, most: number): Size & { picture: Picture } {
  const factor = Math.min(
    1,
    Math.sqrt(most / (size.width * size.height)),
    maxVectorSide / Math.max(size.width, size.height),
  );
  if (factor === 1) return { ...size, picture };
  // One less than the root gives for rounding.
  const side = (value: number) => Math.max(1, Math.floor(value * factor) - 1);
  return {
    width: side(size.width),
    height: side(size.height),
    picture: { ...picture, density: Math.max(1, standardDensity * factor) },
  };
}

// librsvg draws no more.
const maxVectorSide = 32_767;
