import { imgproxyError } from '../errors.ts';
import type { FinishedImage, OriginalImage, WantedImage } from '../ports.ts';
import { acceptedBy, dependsOnAccept, type FormatPolicy } from './format/choose.ts';
import { formats } from './format/formats.ts';
import type { Images } from './images.ts';
import type { Source } from './source/source.ts';
import { parseGravity } from './url/gravity-arguments.ts';
import { createPresetUse } from './url/presets.ts';
import { type Processing, plainProcessing } from './url/processing.ts';
import type { UrlRules } from './url/request-url.ts';

/** What other rooms' wishes depend on. */
export interface OriginalOptions {
  readonly images: Images;
  readonly rules: UrlRules;
  readonly formats: FormatPolicy;
}

/** Transforms what another room keeps, as a URL with the same options would. @throws ServiceError */
export async function transformOriginal(
  original: OriginalImage,
  wanted: WantedImage,
  { images, rules, formats: policy }: OriginalOptions,
): Promise<FinishedImage> {
  const { made } = await images.fromSource(`room:${original.version}`, async () => sourceOf(original), {
    processing: processingOf(wanted, rules),
    accepted: acceptedBy(wanted.accept),
    signal: wanted.signal ?? new AbortController().signal,
  });
  const varies = wanted.format !== 'origin' && dependsOnAccept(policy);
  return {
    body: made.body,
    headers: {
      'content-type': formats[made.format].mime,
      'content-length': String(made.body.length),
      'content-security-policy': "script-src 'none'",
      ...(varies && { vary: 'Accept' }),
    },
  };
}

function processingOf(wanted: WantedImage, rules: UrlRules): Processing {
  const processing: Processing = { ...plainProcessing(rules.limits), ...rules.defaults };
  if (rules.presets.has('default')) createPresetUse(rules.presets, true).applyPreset('default', processing);
  const { width = 0, height = 0, resize, quality, format, gravity, maxResolution } = wanted;
  if (width > 0) processing.width = width;
  if (height > 0) processing.height = height;
  if (width > 0 || height > 0) processing.resize = resizeTypes[resize];
  if (quality !== undefined) processing.quality = quality;
  if (gravity !== undefined) processing.gravity = parseGravity('gravity', gravity.split(':'));
  if (format === 'origin') processing.keepFormat = true;
  else if (format !== undefined) processing.format = format;
  if (maxResolution !== undefined)
    processing.limits = {
      ...processing.limits,
      pixels: Math.min(processing.limits.pixels, maxResolution * 1_000_000),
    };
  return processing;
}

const resizeTypes = { cover: 'fill', contain: 'fit', fill: 'force' } as const;

function sourceOf(original: OriginalImage): Source {
  const tooBig = () => imgproxyError('source_file_too_big', { details: 'Source image file is too big' });
  return {
    version: `room:${original.version}`,
    async read(maxBytes, signal) {
      if (original.size > maxBytes) throw tooBig();
      const stream = await original.open();
      const stop = () => stream.destroy(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      try {
        const chunks: Buffer[] = [];
        let size = 0;
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          size += chunk.length;
          if (size > maxBytes) throw tooBig();
          chunks.push(chunk);
        }
        return Buffer.concat(chunks);
      } finally {
        signal.removeEventListener('abort', stop);
        stream.destroy();
      }
    },
  };
}
