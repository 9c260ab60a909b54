import { availableParallelism } from 'node:os';
import { StartupError } from '#kernel/errors';
import type { ImgproxySettings } from '../settings.ts';
import type { EnginePolicy } from './engine/engine.ts';
import { type Format, formatNamed } from './format/formats.ts';
import type { S3Server } from './source/s3.ts';
import { applyOption } from './url/options.ts';
import { createPresetUse, type Presets, parsePresets } from './url/presets.ts';
import { plainProcessing, type SourceLimits } from './url/processing.ts';
import type { UrlRules } from './url/request-url.ts';
import { parseKeyPairs } from './url/signature.ts';
import { parseReplacements } from './url/source-text.ts';

const megapixel = 1_000_000;
/** Bytes of a source where the setting asks for no bound. */
const largestSource = 1024 ** 3;
/** Threads of Node's pool, on which transformations run beside file access and name resolution. */
const poolThreads = 4;

/** How many transformations run at a time, and how many threads each has. */
export function parallelism(workers: number, cores = availableParallelism()): { slots: number; threads: number } {
  const slots = Math.max(1, Math.min(workers || cores, poolThreads - 1));
  return { slots, threads: Math.max(1, Math.floor(cores / slots)) };
}

/** The bounds on sources that are in force unless a URL may change them. */
export const limitsOf = (settings: ImgproxySettings): SourceLimits => ({
  pixels: settings.maxSrcResolution * megapixel,
  bytes: settings.maxSrcFileSize || largestSource,
  frames: settings.maxAnimationFrames,
  framePixels: settings.maxAnimationFrameResolution * megapixel,
  resultSide: settings.maxResultDimension,
});

/** The server of `s3://` sources. */
export function s3ServerOf(settings: ImgproxySettings, now: () => number): S3Server | undefined {
  if (!settings.useS3) return undefined;
  const { s3Region: region, s3KeyId: keyId, s3KeySecret: secret, s3SessionToken: sessionToken } = settings;
  return {
    endpoint: settings.s3Endpoint ?? `https://s3.${region}.amazonaws.com`,
    region,
    pathStyle: settings.s3PathStyle,
    allowed: settings.s3AllowedBuckets,
    denied: settings.s3DeniedBuckets,
    ...(keyId !== undefined && secret !== undefined && { key: { id: keyId, secret, sessionToken } }),
    now,
  };
}

/** How URLs are read. @throws StartupError naming the setting that cannot be used */
export function urlRulesOf(settings: ImgproxySettings): UrlRules {
  const pairs = usable('IMGPROXY_KEY', () => parseKeyPairs(settings.key, settings.salt));
  const limits = limitsOf(settings);
  return {
    separator: settings.separator,
    signature: { pairs, size: settings.signatureSize, trusted: settings.trustedSignatures },
    presets: usable('IMGPROXY_PRESETS', () => checkedPresets(settings, limits)),
    onlyPresets: settings.onlyPresets,
    allowSecurity: settings.allowSecurityOptions,
    allowedOptions: settings.allowedOptions,
    baseUrl: settings.baseUrl,
    replacements: usable('IMGPROXY_URL_REPLACEMENTS', () => parseReplacements(settings.urlReplacements)),
    base64IncludesFilename: settings.base64IncludesFilename,
    defaults: {
      stripMetadata: settings.stripMetadata,
      keepCopyright: settings.keepCopyright,
      stripColourProfile: settings.stripColorProfile,
      autoRotate: settings.autoRotate,
      attachment: settings.returnAttachment,
      skip: formatsOf('IMGPROXY_SKIP_PROCESSING_FORMATS', settings.skipFormats),
    },
    limits,
  };
}

/** How images are made. @throws StartupError */
export function enginePolicyOf(settings: ImgproxySettings): EnginePolicy {
  const preferred = formatsOf('IMGPROXY_PREFERRED_FORMATS', settings.preferredFormats);
  return {
    formats: {
      autoWebp: settings.autoWebp,
      enforceWebp: settings.enforceWebp,
      autoAvif: settings.autoAvif,
      enforceAvif: settings.enforceAvif,
      preferred,
    },
    quality: settings.quality,
    formatQuality: qualitiesOf(settings.formatQuality),
    jpegProgressive: settings.jpegProgressive,
    pngInterlaced: settings.pngInterlaced,
    pngQuantize: settings.pngQuantize,
    pngColours: settings.pngColors,
    avifSpeed: settings.avifSpeed,
    webpEffort: settings.webpEffort,
    sanitizeSvg: settings.sanitizeSvg,
    rasterizeSvg: settings.rasterizeSvg,
    svgCheckBytes: settings.maxSvgCheckBytes,
    maxSvgBytes: settings.maxSvgSize,
    watermarkStrength: settings.watermarkOpacity,
    threads: parallelism(settings.workers).threads,
  };
}

// A preset that cannot be used is found at start, not by the first who asks for it.
function checkedPresets(settings: ImgproxySettings, limits: SourceLimits): Presets {
  const presets = parsePresets(settings.presets, settings.presetsSeparator, settings.separator);
  const context = createPresetUse(presets, true);
  for (const options of presets.values())
    for (const { name, values } of options) {
      try {
        applyOption(plainProcessing(limits), name, values, context);
      } catch (error) {
        throw new Error(
          `${[name, ...values].join(settings.separator)}: ${String((error as { details?: unknown }).details)}`,
        );
      }
    }
  return presets;
}

function formatsOf(setting: string, words: readonly string[]): Format[] {
  return words.map((word) => {
    const format = formatNamed(word);
    if (format === undefined) throw new StartupError(`${JSON.stringify(word)} is no image format`, setting);
    return format;
  });
}

function qualitiesOf(entries: readonly string[]): Partial<Record<Format, number>> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [word = '', text = ''] = entry.split('=');
      const quality = Number(text);
      const format = formatNamed(word.trim());
      if (format === undefined || !Number.isInteger(quality) || quality < 1 || quality > 100)
        throw new StartupError(`${JSON.stringify(entry)} is not format=1…100`, 'IMGPROXY_FORMAT_QUALITY');
      return [format, quality];
    }),
  );
}

function usable<T>(setting: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new StartupError((error as Error).message, setting, error);
  }
}

const loopback = ['127.0.0.0/8', '::1/128'];
const linkLocal = ['169.254.0.0/16', 'fe80::/10'];
// Unique local addresses but fd00::/16, where a cloud has its credentials.
const privateRanges = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  ...[
    'fc00::/8',
    'fd01::/16',
    'fd02::/15',
    'fd04::/14',
    'fd08::/13',
    'fd10::/12',
    'fd20::/11',
    'fd40::/10',
    'fd80::/9',
  ],
];

/** Ranges beside the public ones that sources may be in. */
export const allowedRangesOf = (settings: ImgproxySettings): readonly string[] => [
  ...(settings.allowLoopback ? loopback : []),
  ...(settings.allowLinkLocal ? linkLocal : []),
  ...(settings.allowPrivate ? privateRanges : []),
];
