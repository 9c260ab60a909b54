import type { Sharp } from 'sharp';
import { imgproxyError } from '../../errors.ts';
import type { Format } from '../format/formats.ts';
import type { Processing } from '../url/processing.ts';
import { encodeBmp } from './bmp.ts';
import type { Copyright } from './copyright.ts';
import { wrapIcon } from './ico.ts';
import { toPixels } from './library.ts';

/** How results are encoded where the URL says nothing. */
export interface EncodingPolicy {
  readonly quality: number;
  readonly formatQuality: Readonly<Partial<Record<Format, number>>>;
  readonly jpegProgressive: boolean;
  readonly pngInterlaced: boolean;
  readonly pngQuantize: boolean;
  readonly pngColours: number;
  readonly avifSpeed: number;
  readonly webpEffort: number;
}

/** What goes with the pixels. */
export interface Accompanying {
  readonly delays: readonly number[];
  readonly loop: number;
  readonly copyright: Copyright;
}

/** The quality of a result: the URL's own, else its one for the format, else the policy's. */
export function qualityFor(format: Format, processing: Processing, policy: EncodingPolicy): number {
  const { quality, formatQuality } = processing;
  return quality || formatQuality[format] || policy.formatQuality[format] || policy.quality;
}

/** Encodes what a pipeline gives. @throws ServiceError for formats that cannot be written */
export async function encode(
  pipeline: Sharp,
  format: Format,
  quality: number,
  processing: Processing,
  policy: EncodingPolicy,
  extra: Accompanying,
): Promise<Buffer> {
  if (format === 'bmp') {
    const { data, raw } = await toPixels(pipeline.toColourspace('srgb'));
    return encodeBmp(data, raw);
  }
  const described = withMetadata(pipeline, processing, extra.copyright);
  if (format === 'ico') {
    const { data, info } = await described.png().toBuffer({ resolveWithObject: true });
    return wrapIcon(data, info.width, info.height);
  }
  return withFormat(described, format, quality, policy, extra).toBuffer();
}

function withMetadata(pipeline: Sharp, processing: Processing, { artist, copyright }: Copyright): Sharp {
  const { stripMetadata, stripColourProfile } = processing;
  let result = pipeline;
  if (!stripColourProfile) result = result.keepIccProfile();
  if (!stripMetadata) return result.keepExif().keepXmp();
  if (artist !== undefined || copyright !== undefined)
    result = result.withExif({
      IFD0: {
        ...(artist !== undefined && { Artist: artist }),
        ...(copyright !== undefined && { Copyright: copyright }),
      },
    });
  return result;
}

function withFormat(
  pipeline: Sharp,
  format: Format,
  quality: number,
  policy: EncodingPolicy,
  { delays, loop }: Accompanying,
): Sharp {
  const animation = delays.length > 1 ? { delay: [...delays], loop } : {};
  switch (format) {
    case 'jpeg':
      return pipeline.jpeg({
        quality,
        progressive: policy.jpegProgressive,
        chromaSubsampling: quality >= fullColour ? '4:4:4' : '4:2:0',
      });
    case 'png':
      return pipeline.png({
        progressive: policy.pngInterlaced,
        ...(policy.pngQuantize && { palette: true, colours: policy.pngColours }),
      });
    case 'webp':
      return pipeline.webp({ quality, effort: policy.webpEffort, ...animation });
    case 'avif':
      return pipeline.avif({ quality, effort: 9 - policy.avifSpeed });
    case 'gif':
      return pipeline.gif(animation);
    case 'tiff':
      return pipeline.tiff({ quality, compression: 'lzw' });
    default:
      throw imgproxyError('result_unsupported', { details: `Can't save ${format}` });
  }
}

/** From this quality on colours are stored as finely as brightness, as libvips does by itself. */
const fullColour = 90;
