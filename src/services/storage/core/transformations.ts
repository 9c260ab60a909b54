import { storageError } from '../errors.ts';
import type { ImageOptions } from '../ports.ts';

/** What a client asks of an image. */
export interface Transformation {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly resize?: ImageOptions['resize'] | undefined;
  readonly format?: NonNullable<ImageOptions['format']> | undefined;
  readonly quality?: number | undefined;
  /** What is kept where something is cut off. */
  readonly gravity?: string | undefined;
  /** Where from there: pixels from 1 on, parts of the side below. Together the point of gravity `fp`. */
  readonly x_offset?: number | undefined;
  readonly y_offset?: number | undefined;
}

const resizes: readonly string[] = ['cover', 'contain', 'fill'];
const imageFormats: readonly string[] = ['origin', 'avif', 'webp'];
const gravities: readonly string[] = ['no', 'so', 'ea', 'we', 'noea', 'nowe', 'soea', 'sowe', 'ce', 'sm', 'fp'];

/** A transformation as clients write it, in a query or in JSON. */
export const transformationShape = {
  type: 'object',
  properties: {
    width: { type: 'integer', minimum: 0 },
    height: { type: 'integer', minimum: 0 },
    resize: { type: 'string', enum: resizes },
    format: { type: 'string', enum: imageFormats },
    quality: { type: 'integer', minimum: 20, maximum: 100 },
    gravity: { type: 'string', enum: gravities },
    x_offset: { type: 'number' },
    y_offset: { type: 'number' },
  },
} as const;

/** Gravity in the engine's notation. @throws InvalidParameter for a point that is not within the image */
function gravityOf({ gravity, x_offset: x, y_offset: y }: Transformation): string | undefined {
  if (gravity === undefined || gravity === 'sm') return gravity;
  if (gravity === 'fp' && !(isPart(x) && isPart(y)))
    throw storageError('InvalidParameter', { message: 'Focal point requires x and y coordinates within 0-1 range' });
  return x === undefined && y === undefined ? gravity : `${gravity}:${x ?? 0}:${y ?? 0}`;
}

const isPart = (offset: number | undefined): boolean => offset !== undefined && offset >= 0 && offset <= 1;

/** Writes a transformation as the claim of a signed URL; the format is a claim of its own. */
export function writeTransformation(wish: Transformation): string {
  const { width, height, resize, quality } = wish;
  const gravity = gravityOf(wish);
  return [
    ...(height ? [`height:${height}`] : []),
    ...(width ? [`width:${width}`] : []),
    ...(resize ? [`resize:${resize}`] : []),
    ...(quality ? [`quality:${quality}`] : []),
    ...(gravity ? [`gravity:${gravity}`] : []),
  ].join(',');
}

/** Reads it back. @throws InvalidImageRequest */
export function readTransformation(text: string, format: string | undefined): Transformation {
  const values = new Map(
    text
      .split(',')
      .filter((part) => part !== '')
      .map((part) => {
        const [name = '', ...rest] = part.split(':');
        return [name, rest.join(':')];
      }),
  );
  const number = (name: string): number | undefined => {
    const value = values.get(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}$/.test(value)) throw storageError('InvalidImageRequest');
    return Number(value);
  };
  const resize = values.get('resize');
  if (resize !== undefined && !resizes.includes(resize)) throw storageError('InvalidImageRequest');
  if (format !== undefined && !imageFormats.includes(format)) throw storageError('InvalidImageRequest');
  return {
    width: number('width'),
    height: number('height'),
    resize: resize as Transformation['resize'],
    quality: number('quality'),
    format: format as Transformation['format'],
    ...readGravity(values.get('gravity')),
  };
}

function readGravity(text: string | undefined): Pick<Transformation, 'gravity' | 'x_offset' | 'y_offset'> {
  if (text === undefined) return {};
  const [gravity = '', ...offsets] = text.split(':');
  const [x, y] = offsets.map(Number);
  if (!gravities.includes(gravity) || offsets.length > 2 || !offsets.every((each) => Number.isFinite(Number(each))))
    throw storageError('InvalidImageRequest');
  return { gravity, x_offset: x, y_offset: y };
}

/** Bounds of sizes. */
export interface ImageLimits {
  readonly min: number;
  readonly max: number;
}

/** What the engine is asked for; sizes are brought within bounds, 0 is none. @throws InvalidParameter */
export function imageOptions(wish: Transformation, { min, max }: ImageLimits): ImageOptions {
  const clamp = (size: number) => Math.max(min, Math.min(max, size));
  const gravity = gravityOf(wish);
  return {
    resize: wish.resize ?? 'cover',
    ...(wish.width && { width: clamp(wish.width) }),
    ...(wish.height && { height: clamp(wish.height) }),
    ...(wish.quality && { quality: wish.quality }),
    ...(wish.format && { format: wish.format }),
    ...(gravity !== undefined && { gravity }),
  };
}

const resizeNames = { cover: 'fill', contain: 'fit', fill: 'force' } as const;

/** What was done, in the engine's notation: the value of X-Transformations. */
export function describeOptions({ width, height, resize, quality, format, gravity }: ImageOptions): string {
  return [
    ...(height ? [`height:${height}`] : []),
    ...(width ? [`width:${width}`] : []),
    ...(width || height ? [`resizing_type:${resizeNames[resize]}`] : []),
    ...(quality ? [`quality:${quality}`] : []),
    ...(format && format !== 'origin' ? [`format:${format}`] : []),
    ...(gravity ? [`gravity:${gravity}`] : []),
  ].join(',');
}
