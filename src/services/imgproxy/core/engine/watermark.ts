import type { Sharp } from 'sharp';
import { placeWithin, type Size } from '../geometry/gravity.ts';
import type { Watermark } from '../url/processing.ts';
import { type Bounds, type Library, open, type Picture } from './library.ts';

/** A watermark as it lies upon a result: never larger, never beyond its edges. */
export interface Overlay {
  readonly input: Buffer;
  readonly left: number;
  readonly top: number;
}

/**
 * Sizes, fades and places a watermark.
 *
 * @returns undefined where nothing of it would be seen
 */
export async function prepareOverlay(
  sharp: Library,
  image: Picture,
  watermark: Watermark,
  strength: number,
  result: Size,
  dpr: number,
  bounds: Bounds,
): Promise<Overlay | undefined> {
  const opacity = watermark.opacity * strength;
  if (opacity <= 0) return undefined;
  const faded = await fade(open(sharp, image, bounds, { index: 0 }), sizeOf(watermark, result), opacity);
  const { data, info } = faded;
  if (watermark.position === 're')
    return { input: await repeat(sharp, data, info, watermark, result), left: 0, top: 0 };
  const { left, top } = placeWithin(
    result,
    info,
    { type: watermark.position, x: watermark.x, y: watermark.y },
    dpr,
    true,
  );
  const seen = {
    left: Math.max(0, -left),
    top: Math.max(0, -top),
    width: Math.min(info.width, result.width - left) - Math.max(0, -left),
    height: Math.min(info.height, result.height - top) - Math.max(0, -top),
  };
  if (seen.width <= 0 || seen.height <= 0) return undefined;
  return { input: await sharp(data).extract(seen).png().toBuffer(), left: Math.max(0, left), top: Math.max(0, top) };
}

const sizeOf = ({ scale }: Watermark, result: Size): Size | undefined =>
  scale > 0
    ? { width: Math.max(1, Math.round(result.width * scale)), height: Math.max(1, Math.round(result.height * scale)) }
    : undefined;

function fade(opened: Sharp, size: Size | undefined, opacity: number) {
  const sized = size ? opened.resize(size.width, size.height, { fit: 'inside' }) : opened;
  const veil = Buffer.from([255, 255, 255, Math.round(opacity * 255)]);
  return sized
    .ensureAlpha()
    .composite([{ input: veil, raw: { width: 1, height: 1, channels: 4 }, tile: true, blend: 'dest-in' }])
    .png()
    .toBuffer({ resolveWithObject: true });
}

async function repeat(sharp: Library, tile: Buffer, size: Size, { x, y }: Watermark, result: Size): Promise<Buffer> {
  const space = (value: number, side: number) =>
    Math.max(0, Math.min(side, Math.round(value >= 1 || value <= 0 ? value : value * side)));
  const clear = { r: 0, g: 0, b: 0, alpha: 0 };
  const spaced = await sharp(tile)
    .extend({ right: space(x, result.width), bottom: space(y, result.height), background: clear })
    .png()
    .toBuffer();
  const [width, height] = [size.width + space(x, result.width), size.height + space(y, result.height)];
  // A tile larger than what it is to cover is cut to it.
  const fitting = await sharp(spaced)
    .extract({ left: 0, top: 0, width: Math.min(width, result.width), height: Math.min(height, result.height) })
    .png()
    .toBuffer();
  return sharp({ create: { ...result, channels: 4, background: clear } })
    .composite([{ input: fitting, tile: true, gravity: 'northwest' }])
    .png()
    .toBuffer();
}
