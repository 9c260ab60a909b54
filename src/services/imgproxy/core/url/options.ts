import { imgproxyError } from '../../errors.ts';
import { type Format, formatNamed } from '../format/formats.ts';
import { parseExtend, parseGravity } from './gravity-arguments.ts';
import type { GravityType, Processing, ResizeType, Watermark } from './processing.ts';
import { base64Text, hexColour, invalid, percentDecoded, realNumber, truth, wholeNumber } from './values.ts';

/** What options depend on beside their arguments. */
export interface OptionContext {
  /** Adds a preset's options. @throws ServiceError when there is none of that name */
  readonly applyPreset: (name: string, draft: Processing) => void;
  readonly allowSecurity: boolean;
}

type Arguments = readonly string[];
type Apply = (draft: Processing, values: Arguments, context: OptionContext) => void;

interface Option {
  readonly names: readonly string[];
  /** Arguments at most. */
  readonly most: number;
  readonly apply: Apply;
}

const one = (values: Arguments): string => values[0] ?? '';
const any = Number.POSITIVE_INFINITY;
const megapixel = 1_000_000;

const resizeTypes: readonly string[] = ['fit', 'fill', 'fill-down', 'force', 'auto'];
const positions: readonly string[] = ['ce', 'no', 'ea', 'so', 'we', 'nowe', 'noea', 'sowe', 'soea', 're'];

function resizeType(text: string): ResizeType {
  return resizeTypes.includes(text) ? (text as ResizeType) : invalid('resizing type', text);
}

const applySize: Apply = (draft, [width = '', height = '', enlarge = '', extend = '', ...gravity]) => {
  if (width !== '') draft.width = wholeNumber('width', width);
  if (height !== '') draft.height = wholeNumber('height', height);
  if (enlarge !== '') draft.enlarge = truth(enlarge);
  if (extend !== '') draft.extend = parseExtend('extend', [extend, ...gravity]);
};

const applyPadding: Apply = (draft, [top = '', right = '', bottom = '', left = '']) => {
  const side = (text: string, otherwise: number) => (text === '' ? otherwise : wholeNumber('padding', text));
  const above = side(top, draft.padding.top);
  const beside = side(right, top === '' ? draft.padding.right : above);
  const below = side(bottom, top === '' ? draft.padding.bottom : above);
  const before = side(left, right === '' && top === '' ? draft.padding.left : beside);
  draft.padding = { top: above, right: beside, bottom: below, left: before };
};

const applyWatermark: Apply = (draft, [opacity = '', position = '', x = '', y = '', scale = '']) => {
  const place = position === '' ? 'ce' : position;
  if (!positions.includes(place)) invalid('watermark position', position);
  const offset = (text: string) =>
    text === '' ? 0 : realNumber('watermark offset', text, { min: -Number.MAX_SAFE_INTEGER });
  const strength = realNumber('watermark opacity', opacity, { max: 1 });
  const watermark: Watermark = {
    opacity: strength,
    position: place as GravityType | 're',
    x: offset(x),
    y: offset(y),
    scale: scale === '' ? 0 : realNumber('watermark scale', scale),
  };
  draft.watermark = strength > 0 ? watermark : undefined;
};

const applyTrim: Apply = (draft, [threshold = '', colour = '', horizontally = '', vertically = '']) => {
  if (threshold === '') {
    draft.trim = undefined;
    return;
  }
  draft.trim = {
    threshold: realNumber('trim threshold', threshold),
    ...(colour !== '' && { colour: hexColour('trim colour', colour) }),
    equalHorizontally: truth(horizontally),
    equalVertically: truth(vertically),
  };
};

const applyBackground: Apply = (draft, values) => {
  if (values.length === 3) {
    const [r = 0, g = 0, b = 0] = values.map((text) => wholeNumber('background', text, 0, 255));
    draft.background = { r, g, b };
  } else if (values.length > 1) invalid('background', values.join(':'));
  else draft.background = one(values) === '' ? undefined : hexColour('background', one(values));
};

function knownFormat(option: string, text: string): Format {
  return formatNamed(text) ?? invalid(option, text);
}

const applyFormatQuality: Apply = (draft, values) => {
  if (values.length % 2 !== 0) invalid('format quality', values.join(':'));
  const qualities = { ...draft.formatQuality };
  for (let at = 0; at < values.length; at += 2)
    qualities[knownFormat('format quality', values[at] as string)] = wholeNumber(
      'format quality',
      values[at + 1] as string,
      0,
      100,
    );
  draft.formatQuality = qualities;
};

const applyCrop: Apply = (draft, [width = '', height = '', ...gravity]) => {
  draft.crop = {
    width: realNumber('crop width', width),
    height: height === '' ? 0 : realNumber('crop height', height),
    ...(gravity.length > 0 && { gravity: parseGravity('crop gravity', gravity) }),
  };
};

const applyRotate: Apply = (draft, values) => {
  const angle = wholeNumber('rotation angle', one(values), -Number.MAX_SAFE_INTEGER);
  if (angle % 90 !== 0) invalid('rotation angle', one(values));
  draft.rotate = (((angle % 360) + 360) % 360) as Processing['rotate'];
};

const applyFilename: Apply = (draft, [name = '', encoded = '']) => {
  draft.filename = truth(encoded) ? base64Text('filename', name) : percentDecoded('filename', name);
};

const applyZoom: Apply = (draft, values) => {
  const [x = '', y = x] = values;
  draft.zoomX = realNumber('zoom', x, { above: true });
  draft.zoomY = realNumber('zoom', y, { above: true });
};

function guarded(change: (value: string) => Partial<Processing['limits']>): Apply {
  return (draft, values, { allowSecurity }) => {
    if (!allowSecurity)
      throw imgproxyError('option_forbidden', { details: 'Security processing options are not allowed' });
    draft.limits = { ...draft.limits, ...change(one(values)) };
  };
}

const options: readonly Option[] = [
  {
    names: ['resize', 'rs'],
    most: 8,
    apply: (draft, [type = '', ...size], context) => {
      if (type !== '') draft.resize = resizeType(type);
      applySize(draft, size, context);
    },
  },
  { names: ['size', 's'], most: 7, apply: applySize },
  { names: ['resizing_type', 'rt'], most: 1, apply: (draft, values) => (draft.resize = resizeType(one(values))) },
  { names: ['width', 'w'], most: 1, apply: (draft, values) => (draft.width = wholeNumber('width', one(values))) },
  { names: ['height', 'h'], most: 1, apply: (draft, values) => (draft.height = wholeNumber('height', one(values))) },
  {
    names: ['min-width', 'mw'],
    most: 1,
    apply: (draft, values) => (draft.minWidth = wholeNumber('min width', one(values))),
  },
  {
    names: ['min-height', 'mh'],
    most: 1,
    apply: (draft, values) => (draft.minHeight = wholeNumber('min height', one(values))),
  },
  { names: ['zoom', 'z'], most: 2, apply: applyZoom },
  { names: ['dpr'], most: 1, apply: (draft, values) => (draft.dpr = realNumber('dpr', one(values), { above: true })) },
  { names: ['enlarge', 'el'], most: 1, apply: (draft, values) => (draft.enlarge = truth(one(values))) },
  { names: ['extend', 'ex'], most: 4, apply: (draft, values) => (draft.extend = parseExtend('extend', values)) },
  {
    names: ['extend_aspect_ratio', 'extend_ar', 'exar'],
    most: 4,
    apply: (draft, values) => (draft.extendAspectRatio = parseExtend('extend aspect ratio', values)),
  },
  { names: ['gravity', 'g'], most: 3, apply: (draft, values) => (draft.gravity = parseGravity('gravity', values)) },
  { names: ['crop', 'c'], most: 5, apply: applyCrop },
  { names: ['trim', 't'], most: 4, apply: applyTrim },
  { names: ['padding', 'pd'], most: 4, apply: applyPadding },
  { names: ['auto_rotate', 'ar'], most: 1, apply: (draft, values) => (draft.autoRotate = truth(one(values))) },
  { names: ['rotate', 'rot'], most: 1, apply: applyRotate },
  { names: ['background', 'bg'], most: 3, apply: applyBackground },
  { names: ['blur', 'bl'], most: 1, apply: (draft, values) => (draft.blur = realNumber('blur', one(values))) },
  { names: ['sharpen', 'sh'], most: 1, apply: (draft, values) => (draft.sharpen = realNumber('sharpen', one(values))) },
  {
    names: ['pixelate', 'pix'],
    most: 1,
    apply: (draft, values) => (draft.pixelate = wholeNumber('pixelate', one(values))),
  },
  { names: ['watermark', 'wm'], most: 5, apply: applyWatermark },
  { names: ['strip_metadata', 'sm'], most: 1, apply: (draft, values) => (draft.stripMetadata = truth(one(values))) },
  { names: ['keep_copyright', 'kcr'], most: 1, apply: (draft, values) => (draft.keepCopyright = truth(one(values))) },
  {
    names: ['strip_color_profile', 'scp'],
    most: 1,
    apply: (draft, values) => (draft.stripColourProfile = truth(one(values))),
  },
  // Formats whose thumbnails it is about are none that can be read here.
  { names: ['enforce_thumbnail', 'eth'], most: 1, apply: () => {} },
  {
    names: ['quality', 'q'],
    most: 1,
    apply: (draft, values) => (draft.quality = wholeNumber('quality', one(values), 0, 100)),
  },
  { names: ['format_quality', 'fq'], most: any, apply: applyFormatQuality },
  {
    names: ['max_bytes', 'mb'],
    most: 1,
    apply: (draft, values) => (draft.maxBytes = wholeNumber('max_bytes', one(values))),
  },
  {
    names: ['format', 'f', 'ext'],
    most: 1,
    apply: (draft, values) => (draft.format = knownFormat('image format', one(values))),
  },
  {
    names: ['skip_processing', 'skp'],
    most: any,
    apply: (draft, values) => (draft.skip = values.map((value) => knownFormat('skip processing', value))),
  },
  { names: ['raw'], most: 1, apply: (draft, values) => (draft.raw = truth(one(values))) },
  { names: ['cachebuster', 'cb'], most: any, apply: () => {} },
  {
    names: ['expires', 'exp'],
    most: 1,
    apply: (draft, values) => (draft.expires = wholeNumber('expires', one(values))),
  },
  { names: ['filename', 'fn'], most: 2, apply: applyFilename },
  {
    names: ['return_attachment', 'att'],
    most: 1,
    apply: (draft, values) => (draft.attachment = truth(one(values))),
  },
  {
    names: ['preset', 'pr'],
    most: any,
    apply: (draft, values, { applyPreset }) => {
      for (const name of values) applyPreset(name, draft);
    },
  },
  {
    names: ['max_src_resolution', 'msr'],
    most: 1,
    apply: guarded((value) => ({ pixels: realNumber('max_src_resolution', value, { above: true }) * megapixel })),
  },
  {
    names: ['max_src_file_size', 'msfs'],
    most: 1,
    apply: guarded((value) => ({ bytes: wholeNumber('max_src_file_size', value, 1) })),
  },
  {
    names: ['max_animation_frames', 'maf'],
    most: 1,
    apply: guarded((value) => ({ frames: wholeNumber('max_animation_frames', value, 1) })),
  },
  {
    names: ['max_animation_frame_resolution', 'mafr'],
    most: 1,
    apply: guarded((value) => ({ framePixels: realNumber('max_animation_frame_resolution', value) * megapixel })),
  },
  {
    names: ['max_result_dimension', 'mrd'],
    most: 1,
    apply: guarded((value) => ({ resultSide: wholeNumber('max_result_dimension', value) })),
  },
];

const byName: ReadonlyMap<string, Option> = new Map(
  options.flatMap((option) => option.names.map((name) => [name, option] as const)),
);

/** Applies one option to what has been asked for so far. @throws ServiceError */
export function applyOption(draft: Processing, name: string, values: readonly string[], context: OptionContext): void {
  const option = byName.get(name);
  if (option === undefined) throw imgproxyError('invalid_url', { details: `Unknown processing option: ${name}` });
  if (values.length > option.most) invalid(`${option.names[0]} arguments`, values.join(':'));
  option.apply(draft, values, context);
}

/** All names of the option that has this one, its full one first; empty when there is none. */
export const namesOfOption = (name: string): readonly string[] => byName.get(name)?.names ?? [];
