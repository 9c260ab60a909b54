import { type Format, formats } from '../format/formats.ts';
import { placeWithin, type Region, type Size } from '../geometry/gravity.ts';
import { cropSize, marginsOf, planSizes, turnRegion } from '../geometry/scale.ts';
import type { Gravity, Processing } from '../url/processing.ts';
import type { Inspected } from './inspect.ts';

/** Where every pixel goes, in the order in which it is done. */
export interface Layout {
  /** Turned as the EXIF orientation says. */
  readonly upright: boolean;
  /** The part that is taken of the upright source; undefined is all. */
  readonly part: Region | undefined;
  /** The size that is scaled to, before the turn. */
  readonly scaled: Size;
  readonly turn: 0 | 90 | 180 | 270;
  /** What is kept after the turn; undefined is all. */
  readonly kept: Region | undefined;
  readonly margins: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
  /** Size of the result. */
  readonly result: Size;
  readonly dpr: number;
}

/** Finds a point of interest. @param region of the upright source */
export type FindPoint = (region: Region | undefined) => Promise<Gravity>;

/** The size of a source when it stands upright. */
export const uprightSize = ({ width, height, orientation }: Inspected, autoRotate: boolean): Size =>
  autoRotate && orientation >= 5 ? { width: height, height: width } : { width, height };

/**
 * Lays out a result.
 *
 * @param trimmed what is left of the upright source when its border is cut off
 */
export async function layOut(
  source: Inspected,
  processing: Processing,
  format: Format,
  trimmed: Region | undefined,
  findPoint: FindPoint,
): Promise<Layout> {
  const { rotate: turn, autoRotate, gravity, limits } = processing;
  const whole = uprightSize(source, autoRotate);
  const base: Region = trimmed ?? { left: 0, top: 0, ...whole };
  const swap = ({ width, height }: Size): Size =>
    turn % 180 === 0 ? { width, height } : { width: height, height: width };
  const turned = swap(base);

  // Crop, and everything after it, is in terms of the turned image.
  const back = ((360 - turn) % 360) as Layout['turn'];
  const inSource = (region: Region): Region => {
    const { left, top, ...size } = turnRegion(region, turned, back);
    return { left: base.left + left, top: base.top + top, ...size };
  };
  const pointOf = async (region: Region) =>
    turnPoint(await findPoint(isWhole(region, whole) ? undefined : region), turn);
  let source2: Region = { left: 0, top: 0, ...turned };
  if (processing.crop) {
    const size = cropSize(turned, processing.crop);
    const wanted = processing.crop.gravity ?? gravity;
    const by = wanted.type === 'sm' ? await pointOf(base) : wanted;
    source2 = { ...size, ...placeWithin(turned, size, by, 1) };
  }
  const part = inSource(source2);

  const { vector, maxSide } = formats[format];
  const most = Math.min(...[maxSide, limits.resultSide].filter((side) => side > 0), Number.MAX_SAFE_INTEGER);
  const plan = planSizes(
    source2,
    processing,
    vector || formats[source.format].vector,
    most === Number.MAX_SAFE_INTEGER ? 0 : most,
  );
  let kept: Region | undefined;
  if (plan.kept.width !== plan.scaled.width || plan.kept.height !== plan.scaled.height) {
    const by = gravity.type === 'sm' ? await pointOf(part) : gravity;
    kept = { ...plan.kept, ...placeWithin(plan.scaled, plan.kept, by, plan.dpr) };
  }
  const margins = marginsOf(plan, processing);
  return {
    upright: autoRotate && source.orientation > 1,
    part: isWhole(part, whole) ? undefined : part,
    scaled: swap(plan.scaled),
    turn,
    kept,
    margins,
    result: {
      width: plan.kept.width + margins.left + margins.right,
      height: plan.kept.height + margins.top + margins.bottom,
    },
    dpr: plan.dpr,
  };
}

const isWhole = (region: Region, { width, height }: Size): boolean =>
  region.left === 0 && region.top === 0 && region.width === width && region.height === height;

function turnPoint(point: Gravity, turn: Layout['turn']): Gravity {
  const { x, y } = point;
  if (turn === 90) return { ...point, x: 1 - y, y: x };
  if (turn === 180) return { ...point, x: 1 - x, y: 1 - y };
  if (turn === 270) return { ...point, x: y, y: 1 - x };
  return point;
}
