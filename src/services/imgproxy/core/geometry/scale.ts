import type { Processing, ResizeType } from '../url/processing.ts';
import type { Region, Size } from './gravity.ts';
import { placeWithin } from './gravity.ts';

/** The part of the options that sizes depend on. */
export type SizeOptions = Pick<
  Processing,
  | 'resize'
  | 'width'
  | 'height'
  | 'minWidth'
  | 'minHeight'
  | 'zoomX'
  | 'zoomY'
  | 'dpr'
  | 'enlarge'
  | 'extend'
  | 'extendAspectRatio'
  | 'padding'
>;

/** Sizes on the way from the source (upright, cropped) to the result. */
export interface SizePlan {
  /** The whole picture after scaling. */
  readonly scaled: Size;
  /** What is kept of that. */
  readonly kept: Size;
  /** What that is put into, before padding. */
  readonly extended: Size;
  readonly padding: { readonly top: number; readonly right: number; readonly bottom: number; readonly left: number };
  /** The pixel ratio in force: less than asked for where the source is too small for it. */
  readonly dpr: number;
}

/** Rounded, and never nothing. */
const pixels = (value: number): number => Math.max(1, Math.round(value));

/** The region that `crop` asks for: sides from 1 on are pixels, smaller ones parts, 0 the whole side. */
export function cropSize(source: Size, crop: { readonly width: number; readonly height: number }): Size {
  const side = (value: number, whole: number) =>
    value === 0 ? whole : Math.min(whole, value >= 1 ? Math.round(value) : pixels(value * whole));
  return { width: side(crop.width, source.width), height: side(crop.height, source.height) };
}

/**
 * The sizes that options make of a source. Shrink factors are source ÷ target for each side; a side left out takes the
 * factor of the other. Without `enlarge`, factors below 1 are raised together, so that nothing is upscaled and the target's
 * proportions stay.
 *
 * @param source upright and cropped
 * @param vector true: enlarging costs nothing
 * @param most pixels a side of the result may have; 0 is no bound
 */
export function planSizes(source: Size, options: SizeOptions, vector: boolean, most: number): SizePlan {
  const plan = unboundedPlan(source, options, vector, 1);
  const longest = Math.max(outerWidth(plan), outerHeight(plan));
  if (most === 0 || longest <= most) return plan;
  return unboundedPlan(source, options, vector, most / longest, most);
}

const outerWidth = ({ extended, padding }: SizePlan) => extended.width + padding.left + padding.right;
const outerHeight = ({ extended, padding }: SizePlan) => extended.height + padding.top + padding.bottom;

function unboundedPlan(
  source: Size,
  options: SizeOptions,
  vector: boolean,
  reduction: number,
  most = Number.POSITIVE_INFINITY,
): SizePlan {
  const { zoomX, zoomY, padding } = options;
  const type = resolveType(source, options);
  const { x, y, dpr } = factors(source, options, type, vector);
  const round = (value: number) => Math.min(most, pixels(value * reduction));
  const scaled = { width: round(source.width / x), height: round(source.height / y) };
  const target = {
    width: options.width > 0 ? round(options.width * dpr * zoomX) : 0,
    height: options.height > 0 ? round(options.height * dpr * zoomY) : 0,
  };
  const within = type === 'fill-down' ? shrinkTarget(target, scaled) : target;
  const kept = {
    width: within.width === 0 ? scaled.width : Math.min(within.width, scaled.width),
    height: within.height === 0 ? scaled.height : Math.min(within.height, scaled.height),
  };
  const side = (value: number) => Math.round(value * dpr * reduction);
  return {
    scaled,
    kept,
    extended: extendedSize(kept, target, options),
    padding: {
      top: side(padding.top),
      right: side(padding.right),
      bottom: side(padding.bottom),
      left: side(padding.left),
    },
    dpr: dpr * reduction,
  };
}

function resolveType(source: Size, { resize, width, height }: SizeOptions): ResizeType {
  if (resize !== 'auto') return resize;
  const landscape = (size: Size) => size.width >= size.height;
  return landscape(source) === landscape({ width, height }) ? 'fill' : 'fit';
}

function factors(source: Size, options: SizeOptions, type: ResizeType, vector: boolean) {
  const { width, height, minWidth, minHeight, zoomX, zoomY, enlarge } = options;
  let x = width > 0 ? source.width / width : 1;
  let y = height > 0 ? source.height / height : 1;
  if (type !== 'force') {
    if (width > 0 && height > 0) x = y = type === 'fit' ? Math.max(x, y) : Math.min(x, y);
    else if (width > 0) y = x;
    else if (height > 0) x = y;
  }
  x /= zoomX;
  y /= zoomY;
  let { dpr } = options;
  if (!enlarge && !vector) {
    const least = Math.min(x, y);
    if (least < 1) {
      x /= least;
      y /= least;
    }
    dpr = Math.min(dpr, Math.min(x, y));
  }
  // The least sizes hold whatever else was asked for.
  if (minWidth > 0 && source.width / minWidth < x) {
    y /= x / (source.width / minWidth);
    x = source.width / minWidth;
  }
  if (minHeight > 0 && source.height / minHeight < y) {
    x /= y / (source.height / minHeight);
    y = source.height / minHeight;
  }
  return { x: x / dpr, y: y / dpr, dpr };
}

// fill-down: a target larger than the picture becomes smaller and keeps its proportions.
function shrinkTarget(target: Size, scaled: Size): Size {
  const wide = target.width / scaled.width;
  const high = target.height / scaled.height;
  if (target.width === 0 || target.height === 0 || Math.max(wide, high) <= 1) return target;
  return wide > high
    ? { width: scaled.width, height: pixels((scaled.width * target.height) / target.width) }
    : { width: pixels((scaled.height * target.width) / target.height), height: scaled.height };
}

function extendedSize(kept: Size, target: Size, { extend, extendAspectRatio }: SizeOptions): Size {
  let size = kept;
  if (extend.enabled)
    size = { width: Math.max(kept.width, target.width), height: Math.max(kept.height, target.height) };
  if (!extendAspectRatio.enabled || target.width === 0 || target.height === 0) return size;
  const wanted = target.width / target.height;
  return size.width / size.height < wanted
    ? { width: pixels(size.height * wanted), height: size.height }
    : { width: size.width, height: pixels(size.width / wanted) };
}

/** How much is added on each side of what was kept. */
export function marginsOf(plan: SizePlan, { extend, extendAspectRatio }: SizeOptions) {
  const { gravity } = extend.enabled ? extend : extendAspectRatio;
  const { left, top } = placeWithin(plan.extended, plan.kept, gravity, plan.dpr);
  const { padding } = plan;
  return {
    left: left + padding.left,
    top: top + padding.top,
    right: plan.extended.width - plan.kept.width - left + padding.right,
    bottom: plan.extended.height - plan.kept.height - top + padding.bottom,
  };
}

/** A region turned with its image by quarters clockwise. */
export function turnRegion(region: Region, image: Size, angle: 0 | 90 | 180 | 270): Region {
  const { left, top, width, height } = region;
  if (angle === 90) return { left: image.height - top - height, top: left, width: height, height: width };
  if (angle === 180) return { left: image.width - left - width, top: image.height - top - height, width, height };
  if (angle === 270) return { left: top, top: image.width - left - width, width: height, height: width };
  return region;
}
