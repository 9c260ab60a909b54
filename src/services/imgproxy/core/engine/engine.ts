import { imgproxyError } from '../../errors.ts';
import { type Accepted, chooseFormat, type FormatPolicy } from '../format/choose.ts';
import { detectFormat } from '../format/detect.ts';
import { type Format, formats } from '../format/formats.ts';
import { sanitizeSvg } from '../svg/sanitize.ts';
import type { Processing } from '../url/processing.ts';
import { findAttention } from './attention.ts';
import { bitmapSize, decodeBmp, decodeIconBitmap } from './bmp.ts';
import { readCopyright } from './copyright.ts';
import { type EncodingPolicy, encode, qualityFor } from './encode.ts';
import { largestIcon } from './ico.ts';
import { inspect } from './inspect.ts';
import { layOut, uprightSize } from './layout.ts';
import { type Bounds, type Library, libraryError, loadLibrary, open, type Picture, toPixels } from './library.ts';
import { render } from './render.ts';
import { findTrimmed } from './trim.ts';
import { prepareOverlay } from './watermark.ts';

/** What an engine does where the request says nothing. */
export interface EnginePolicy extends EncodingPolicy {
  readonly formats: FormatPolicy;
  readonly sanitizeSvg: boolean;
  readonly rasterizeSvg: boolean;
  readonly svgCheckBytes: number;
  /** Bytes of an SVG that is answered as such. */
  readonly maxSvgBytes: number;
  readonly watermarkStrength: number;
  /** Threads of one transformation. */
  readonly threads: number;
}

/** A piece of work. */
export interface Work {
  readonly bytes: Buffer;
  readonly processing: Processing;
  readonly accepted: Accepted;
  readonly signal: AbortSignal;
  /** When it has to be finished, in milliseconds of the monotonic clock. */
  readonly deadline: number;
}

/** A finished image. */
export interface Made {
  readonly body: Buffer;
  readonly format: Format;
  /** Pixels of the source and of the result; absent where the source was answered as it is. */
  readonly sizes?: { readonly source: readonly [number, number]; readonly result: readonly [number, number] };
}

/** Makes images of images. */
export interface Engine {
  /** @throws ServiceError */
  transform(work: Work): Promise<Made>;
}

/**
 * Creates an engine; the library behind it is loaded with the first image.
 *
 * @param watermark the image to put upon others, where there is one
 */
export function createEngine(policy: EnginePolicy, watermark: () => Promise<Buffer | undefined>): Engine {
  let library: Promise<Library> | undefined;
  const load = () => {
    library ??= loadLibrary(policy.threads).catch((error: unknown) => {
      library = undefined;
      throw error;
    });
    return library;
  };
  return {
    async transform(work) {
      const format = detectFormat(work.bytes, policy.svgCheckBytes);
      if (format === undefined)
        throw imgproxyError('source_unsupported', { details: 'Source image type not supported' });
      if (isLeftAlone(format, work.processing, policy)) {
        const isSanitized = format === 'svg' && policy.sanitizeSvg && !work.processing.raw;
        return { body: isSanitized ? sanitizedSvg(work.bytes, policy.maxSvgBytes) : work.bytes, format };
      }
      if (!formats[format].readable)
        throw imgproxyError('source_unsupported', { details: `Source image type not supported: ${format}` });
      if (work.processing.format && !formats[work.processing.format].writable)
        throw imgproxyError('result_unsupported', { details: `Can't save ${work.processing.format}` });
      try {
        return await make(await load(), work, format, policy, watermark);
      } catch (error) {
        throw libraryError(error);
      }
    },
  };
}

function sanitizedSvg(bytes: Buffer, most: number): Buffer {
  if (bytes.length > most) throw imgproxyError('source_file_too_big', { details: 'Source image file is too big' });
  return sanitizeSvg(bytes);
}

function isLeftAlone(
  format: Format,
  { raw, format: wanted, skip }: Processing,
  { rasterizeSvg }: EnginePolicy,
): boolean {
  if (raw) return true;
  if (format === 'svg') return wanted === 'svg' || (wanted === undefined && !rasterizeSvg);
  return skip.includes(format) && (wanted === undefined || wanted === format);
}

async function make(
  sharp: Library,
  work: Work,
  sourceFormat: Format,
  policy: EnginePolicy,
  watermark: () => Promise<Buffer | undefined>,
): Promise<Made> {
  const { processing, accepted, deadline, signal } = work;
  const { limits } = processing;
  const header: Bounds = { pixels: limits.pixels, deadline, signal };
  const picture = await pictureOf(work.bytes, sourceFormat, limits.pixels);
  const source = await inspect(sharp, picture, sourceFormat, limits, header);
  const format = chooseFormat(policy.formats, {
    source: sourceFormat,
    explicit: processing.format ?? (processing.keepFormat && formats[sourceFormat].writable ? sourceFormat : undefined),
    accepted: processing.keepFormat ? { webp: false, avif: false } : accepted,
    animated: source.frames > 1,
    alpha: source.alpha,
  });
  const frames = formats[format].animation ? source.frames : 1;
  // What is in memory later on may be larger than the source: enlarged, padded.
  const bounds: Bounds = { ...header, pixels: Math.max(limits.pixels, source.width * source.height * frames) };

  const { autoRotate, trim } = processing;
  const trimmed =
    trim && frames === 1
      ? await findTrimmed(sharp, source, trim, autoRotate, uprightSize(source, autoRotate), bounds)
      : undefined;
  const layout = await layOut(source, processing, format, trimmed, (region) =>
    findAttention(sharp, source, autoRotate, region, bounds),
  );
  const { width, height } = layout.result;
  if (width * height * frames > resultPixels(limits.pixels))
    throw imgproxyError('source_resolution_too_big', { details: 'The result would be too big' });
  const stamp = processing.watermark && (await watermark());
  const overlay =
    processing.watermark && stamp
      ? await prepareOverlay(
          sharp,
          { data: stamp },
          processing.watermark,
          policy.watermarkStrength,
          layout.result,
          layout.dpr,
          bounds,
        )
      : undefined;
  const inner = { ...bounds, pixels: resultPixels(bounds.pixels) };
  const target = smallAvif(format, width, height, source.alpha);
  const pipeline = await render(sharp, {
    source,
    layout,
    processing,
    format: target,
    bounds: inner,
    overlay,
    frames,
  });
  const extra = {
    delays: frames > 1 ? source.delays : [],
    loop: source.loop,
    copyright: processing.keepCopyright && source.exif ? readCopyright(source.exif) : {},
  };
  const quality = qualityFor(target, processing, policy);
  const { maxBytes } = processing;
  const encodeAt = (from: typeof pipeline, at: number) => encode(from, target, at, processing, policy, extra);
  const body =
    maxBytes > 0
      ? await fitInto(maxBytes, quality, await toPixels(pipeline, frames), (pixels, at) =>
          encodeAt(open(sharp, pixels, inner, { count: frames }), at),
        )
      : await encodeAt(pipeline, quality);
  return {
    body,
    format: target,
    sizes: { source: [source.width, source.height], result: [width, height] },
  };
}

// A result may be larger than its source, but not without end.
const resultPixels = (sourcePixels: number): number => Math.max(sourcePixels, 1_000_000) * 2;

// Decoders of AVIF stumble over images smaller than a block.
function smallAvif(format: Format, width: number, height: number, alpha: boolean): Format {
  if (format !== 'avif' || (width >= 16 && height >= 16)) return format;
  return alpha ? 'png' : 'jpeg';
}

/** Lowers the quality until the result is small enough, or would look like nothing. */
async function fitInto(
  most: number,
  quality: number,
  pixels: Picture,
  encodeAt: (pixels: Picture, quality: number) => Promise<Buffer>,
): Promise<Buffer> {
  for (let current = quality; ; ) {
    const body = await encodeAt(pixels, current);
    if (body.length <= most || current <= leastQuality) return body;
    const excess = most / body.length;
    const factor = excess > 0.75 ? 0.75 : excess > 0.5 ? 0.5 : 0.25;
    current = Math.max(leastQuality, Math.floor(current * factor));
  }
}

const leastQuality = 10;

/** The form in which the library takes a source; formats it does not know are decoded here. */
async function pictureOf(bytes: Buffer, format: Format, most: number): Promise<Picture> {
  if (format !== 'bmp' && format !== 'ico') return { data: bytes };
  if (format === 'ico') {
    const icon = largestIcon(bytes);
    if (icon?.kind === 'png') return { data: icon.data };
    return (icon && (await decodeIconBitmap(icon.data))) ?? damaged(format);
  }
  const size = bitmapSize(bytes);
  if (size && size.width * size.height > most)
    throw imgproxyError('source_resolution_too_big', { details: 'Source image resolution is too big' });
  return (await decodeBmp(bytes)) ?? damaged(format);
}

function damaged(format: Format): never {
  throw imgproxyError('source_invalid', { details: `The ${format} is damaged or of a kind that is not supported` });
}
