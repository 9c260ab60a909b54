import type { Sharp } from 'sharp';
import { type Format, formats } from '../format/formats.ts';
import type { Processing } from '../url/processing.ts';
import type { Colour } from '../url/values.ts';
import { type Inspected, standardDensity } from './inspect.ts';
import type { Layout } from './layout.ts';
import { type Bounds, type Library, open, type Picture, toPixels } from './library.ts';
import type { Overlay } from './watermark.ts';

/** All that a result is made of. */
export interface Rendering {
  readonly source: Inspected;
  readonly layout: Layout;
  readonly processing: Processing;
  readonly format: Format;
  readonly bounds: Bounds;
  readonly overlay: Overlay | undefined;
  /** Frames of the result. */
  readonly frames: number;
}

const white: Colour = { r: 255, g: 255, b: 255 };
const clear = { r: 0, g: 0, b: 0, alpha: 0 };

/** Colour put behind what is transparent; undefined leaves it so. */
const backgroundOf = ({ processing, format }: Rendering): Colour | undefined =>
  processing.background ?? (formats[format].alpha ? undefined : white);

/**
 * The pipeline that makes a result of a source, up to encoding. It is one pass wherever the library's own order of
 * operations allows, so that decoder and scaler work together (JPEG and WebP are decoded at a fraction of their size);
 * what has another order in imgproxy takes the pixels through memory.
 */
export async function render(sharp: Library, rendering: Rendering): Promise<Sharp> {
  const { layout, processing, bounds, overlay, frames } = rendering;
  let pipeline = await shape(sharp, rendering);
  const again = async () => open(sharp, await toPixels(pipeline, frames), bounds, { count: frames });
  const { left, top, right, bottom } = layout.margins;
  const hasMargins = left + top + right + bottom > 0;
  const hasFilters = processing.blur > 0 || processing.sharpen > 0 || processing.pixelate > 1;

  pipeline = filter(pipeline, processing, layout.dpr);
  if (processing.pixelate > 1) pipeline = await pixelate(sharp, pipeline, rendering);
  // The library would add margins before it blurs.
  if (hasMargins) {
    if (hasFilters) pipeline = await again();
    pipeline = pipeline.extend({ left, top, right, bottom, background: backgroundOf(rendering) ?? clear });
  }
  if (overlay) {
    const { input } = overlay;
    pipeline = pipeline.composite(
      Array.from({ length: frames }, (_, index) => ({
        input,
        left: overlay.left,
        top: overlay.top + index * layout.result.height,
      })),
    );
  }
  return isOpaque(rendering, hasMargins) ? pipeline.removeAlpha() : pipeline;
}

function isOpaque(rendering: Rendering, hasMargins: boolean): boolean {
  if (backgroundOf(rendering) !== undefined) return true;
  return !rendering.source.alpha && !hasMargins;
}

/** Orientation, crop, scale, turn, and the crop to the result. */
async function shape(sharp: Library, rendering: Rendering): Promise<Sharp> {
  const { source, layout, frames, bounds } = rendering;
  // The library turns stills only.
  const isTurned = layout.upright || layout.turn % 180 !== 0;
  if (frames > 1 && isTurned) return shapeFrames(sharp, rendering);
  if (source.picture.density !== undefined || source.format !== 'svg' || layout.part === undefined)
    return shapeOf(open(sharp, source.picture, bounds, { count: frames }), rendering, layout.part);
  return shapeVector(sharp, rendering, layout.part);
}

function shapeOf(opened: Sharp, rendering: Rendering, part: Layout['part']): Sharp {
  const { layout, source } = rendering;
  const background = backgroundOf(rendering);
  let pipeline = layout.upright ? opened.autoOrient() : opened;
  if (source.alpha && background !== undefined) pipeline = pipeline.flatten({ background });
  if (part) pipeline = pipeline.extract(part);
  pipeline = pipeline.resize(layout.scaled.width, layout.scaled.height, { fit: 'fill' });
  if (layout.turn !== 0) pipeline = pipeline.rotate(layout.turn);
  return layout.kept ? pipeline.extract(layout.kept) : pipeline;
}

async function shapeFrames(sharp: Library, rendering: Rendering): Promise<Sharp> {
  const { source, layout, frames, bounds } = rendering;
  const parts: Buffer[] = [];
  let last: Picture['raw'];
  for (let index = 0; index < frames; index++) {
    const shaped = shapeOf(open(sharp, source.picture, bounds, { index }), rendering, layout.part);
    const { data, raw } = await toPixels(shaped.toColourspace('srgb').ensureAlpha());
    parts.push(data);
    last = raw;
  }
  const { width, height, channels } = last as NonNullable<Picture['raw']>;
  const roll: Picture = {
    data: Buffer.concat(parts),
    raw: { width, height: height * frames, channels, pageHeight: height },
  };
  return open(sharp, roll, bounds, { count: frames });
}

/** Draws a vector image as large as its part is wanted, so that enlarging a part costs no sharpness. */
async function shapeVector(sharp: Library, rendering: Rendering, part: NonNullable<Layout['part']>): Promise<Sharp> {
  const { source, layout, bounds } = rendering;
  const wanted = Math.max(layout.scaled.width / part.width, layout.scaled.height / part.height);
  const most = Math.sqrt(bounds.pixels / (source.width * source.height)) * 0.99;
  const factor = Math.max(Math.min(wanted, most, maxVectorSide / Math.max(source.width, source.height)), 0.02);
  const picture = { ...source.picture, density: standardDensity * factor };
  const drawn = await open(sharp, picture, bounds, { index: 0 }).metadata();
  const [x, y] = [drawn.width / source.width, drawn.height / source.height];
  const left = Math.min(Math.round(part.left * x), drawn.width - 1);
  const top = Math.min(Math.round(part.top * y), drawn.height - 1);
  return shapeOf(open(sharp, picture, bounds, { index: 0 }), rendering, {
    left,
    top,
    width: Math.max(1, Math.min(Math.round(part.width * x), drawn.width - left)),
    height: Math.max(1, Math.min(Math.round(part.height * y), drawn.height - top)),
  });
}

const maxVectorSide = 32_000;

// Bounds of the library; less than the smallest blur is none.
const blurRange = [0.3, 1_000] as const;
const sharpenMost = 10;

function filter(pipeline: Sharp, { blur, sharpen }: Processing, dpr: number): Sharp {
  let result = pipeline;
  if (blur * dpr >= blurRange[0]) result = result.blur(Math.min(blur * dpr, blurRange[1]));
  if (sharpen > 0) result = result.sharpen({ sigma: Math.max(0.000001, Math.min(sharpen * dpr, sharpenMost)) });
  return result;
}

/** Makes squares of one colour: averages, then enlarges without smoothing. */
async function pixelate(sharp: Library, pipeline: Sharp, rendering: Rendering): Promise<Sharp> {
  const { bounds, frames, processing, layout } = rendering;
  const plain = await toPixels(pipeline, frames);
  const { width, pageHeight: height } = plain.raw;
  const side = Math.min(Math.max(1, Math.round(processing.pixelate * layout.dpr)), Math.max(width, height));
  const [across, down] = [Math.ceil(width / side), Math.ceil(height / side)];
  const count = { count: frames };
  // The last column and row of squares reach over the edge.
  const full = await toPixels(
    open(sharp, plain, bounds, count).extend({
      right: across * side - width,
      bottom: down * side - height,
      extendWith: 'copy',
    }),
    frames,
  );
  const small = await toPixels(
    open(sharp, full, { ...bounds, pixels: Number.MAX_SAFE_INTEGER }, count).resize(across, down, {
      fit: 'fill',
      kernel: 'cubic',
    }),
    frames,
  );
  return open(sharp, small, bounds, count)
    .resize(across * side, down * side, { fit: 'fill', kernel: 'nearest' })
    .extract({ left: 0, top: 0, width, height });
}
