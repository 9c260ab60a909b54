import { storageError } from '../errors.ts';
import type { ImageOptions } from '../ports.ts';

/** What a client asks of an image. */
export interface Transformation {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly resize?: ImageOptions['resize'] | undefined;
  readonly format?: NonNullable<ImageOptions['format']> | undefined;
  readonly quality?: number | undefined;
}

/** Writes a transformation as the claim of a signed URL; the format is a claim of its own. */
export function writeTransformation({ width, height, resize, quality }: Transformation): string {
  return [
    ...(height ? [`height:${height}`] : []),
    ...(width ? [`width:${width}`] : []),
    ...(resize ? [`resize:${resize}`] : []),
    ...(quality ? [`quality:${quality}`] : []),
  ].join(',');
}

/** Reads it back. @throws InvalidImageRequest */
export function readTransformation(text: string, format: string | undefined): Transformation {
  const values = new Map(
    text
      .split(',')
      .filter((part) => part !== '')
      .map((part) => part.split(':', 2) as [string, string]),
  );
  const number = (name: string): number | undefined => {
    const value = values.get(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}$/.test(value)) throw storageError('InvalidImageRequest');
    return Number(value);
  };
  const resize = values.get('resize');
  if (resize !== undefined && !['cover', 'contain', 'fill'].includes(resize)) throw storageError('InvalidImageRequest');
  if (format !== undefined && !['origin', 'avif', 'webp'].includes(format)) throw storageError('InvalidImageRequest');
  return {
    width: number('width'),
    height: number('height'),
    resize: resize as Transformation['resize'],
    quality: number('quality'),
    format: format as Transformation['format'],
  };
}

/** Bounds of sizes. */
export interface ImageLimits {
  readonly min: number;
  readonly max: number;
}

/** What the engine is asked for; sizes are brought within bounds, 0 is none. */
export function imageOptions(wish: Transformation, { min, max }: ImageLimits): ImageOptions {
  const clamp = (size: number) => Math.max(min, Math.min(max, size));
  return {
    resize: wish.resize ?? 'cover',
    ...(wish.width && { width: clamp(wish.width) }),
    ...(wish.height && { height: clamp(wish.height) }),
    ...(wish.quality && { quality: wish.quality }),
    ...(wish.format && { format: wish.format }),
  };
}

const resizeNames = { cover: 'fill', contain: 'fit', fill: 'force' } as const;

/** What was done, in the engine's notation: the value of X-Transformations. */
export function describeOptions({ width, height, resize, quality, format }: ImageOptions): string {
  return [
    ...(height ? [`height:${height}`] : []),
    ...(width ? [`width:${width}`] : []),
    ...(width || height ? [`resizing_type:${resizeNames[resize]}`] : []),
    ...(quality ? [`quality:${quality}`] : []),
    ...(format && format !== 'origin' ? [`format:${format}`] : []),
  ].join(',');
}
