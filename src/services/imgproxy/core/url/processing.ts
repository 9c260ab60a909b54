import type { Format } from '../format/formats.ts';
import type { Colour } from './values.ts';

/** How a size is reached. */
export type ResizeType = 'fit' | 'fill' | 'fill-down' | 'force' | 'auto';

/** Eight directions, the middle, what catches the eye, and a point. */
export type GravityType = 'ce' | 'no' | 'ea' | 'so' | 'we' | 'nowe' | 'noea' | 'sowe' | 'soea' | 'sm' | 'fp';

/** What is kept of an image, or where it is put: offsets from 1 on are pixels, smaller ones parts of the side. */
export interface Gravity {
  readonly type: GravityType;
  readonly x: number;
  readonly y: number;
}

/** Growing of a result to the size asked for. */
export interface Extend {
  readonly enabled: boolean;
  readonly gravity: Gravity;
}

/** A part of the source; sides from 1 on are pixels, smaller ones parts of it, 0 is all. */
export interface Crop {
  readonly width: number;
  readonly height: number;
  /** Undefined: that of the result. */
  readonly gravity?: Gravity;
}

/** Cutting a border of one colour off. */
export interface Trim {
  readonly threshold: number;
  /** Undefined: the colour of the corner. */
  readonly colour?: Colour;
  readonly equalHorizontally: boolean;
  readonly equalVertically: boolean;
}

/** Where the watermark goes and how. */
export interface Watermark {
  readonly opacity: number;
  readonly position: GravityType | 're';
  readonly x: number;
  readonly y: number;
  /** Part of the result's size; 0 leaves the watermark as it is. */
  readonly scale: number;
}

/** Bounds on a source. */
export interface SourceLimits {
  /** Pixels of all frames together. */
  readonly pixels: number;
  readonly bytes: number;
  readonly frames: number;
  /** Pixels of a frame; above 0 it replaces the bound on all. */
  readonly framePixels: number;
  /** Pixels of a side of the result; 0 is none. */
  readonly resultSide: number;
}

/** All that a URL can say of what is to be made of a source. */
export interface Processing {
  resize: ResizeType;
  width: number;
  height: number;
  minWidth: number;
  minHeight: number;
  zoomX: number;
  zoomY: number;
  dpr: number;
  enlarge: boolean;
  extend: Extend;
  extendAspectRatio: Extend;
  gravity: Gravity;
  crop: Crop | undefined;
  trim: Trim | undefined;
  padding: { readonly top: number; readonly right: number; readonly bottom: number; readonly left: number };
  autoRotate: boolean;
  rotate: 0 | 90 | 180 | 270;
  background: Colour | undefined;
  blur: number;
  sharpen: number;
  pixelate: number;
  watermark: Watermark | undefined;
  stripMetadata: boolean;
  keepCopyright: boolean;
  stripColourProfile: boolean;
  /** 0: that of the format. */
  quality: number;
  formatQuality: Readonly<Partial<Record<Format, number>>>;
  maxBytes: number;
  format: Format | undefined;
  /** The source's own format where it can be written, whatever the client accepts. URLs cannot ask for it. */
  keepFormat: boolean;
  skip: readonly Format[];
  raw: boolean;
  /** Seconds since the epoch; 0 is never. */
  expires: number;
  filename: string | undefined;
  attachment: boolean;
  limits: SourceLimits;
}

const centre: Gravity = { type: 'ce', x: 0, y: 0 };

/** What is made of a source when nothing is asked for. */
export const plainProcessing = (limits: SourceLimits): Processing => ({
  resize: 'fit',
  width: 0,
  height: 0,
  minWidth: 0,
  minHeight: 0,
  zoomX: 1,
  zoomY: 1,
  dpr: 1,
  enlarge: false,
  extend: { enabled: false, gravity: centre },
  extendAspectRatio: { enabled: false, gravity: centre },
  gravity: centre,
  crop: undefined,
  trim: undefined,
  padding: { top: 0, right: 0, bottom: 0, left: 0 },
  autoRotate: true,
  rotate: 0,
  background: undefined,
  blur: 0,
  sharpen: 0,
  pixelate: 0,
  watermark: undefined,
  stripMetadata: true,
  keepCopyright: true,
  stripColourProfile: true,
  quality: 0,
  formatQuality: {},
  maxBytes: 0,
  format: undefined,
  keepFormat: false,
  skip: [],
  raw: false,
  expires: 0,
  filename: undefined,
  attachment: false,
  limits,
});
