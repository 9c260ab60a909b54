import type { Region } from '../geometry/gravity.ts';
import type { Trim } from '../url/processing.ts';
import type { Inspected } from './inspect.ts';
import { type Bounds, type Library, open, toPixels } from './library.ts';

/**
 * Finds what is left when a border of one colour is cut off.
 *
 * @returns in pixels of the upright image; undefined where nothing is cut, or nothing would be left
 */
export async function findTrimmed(
  sharp: Library,
  source: Inspected,
  trim: Trim,
  autoRotate: boolean,
  whole: { readonly width: number; readonly height: number },
  bounds: Bounds,
): Promise<Region | undefined> {
  const opened = open(sharp, source.picture, bounds, { index: 0 });
  // The library would trim before it turns.
  const upright =
    autoRotate && source.orientation > 1
      ? open(sharp, await toPixels(opened.autoOrient()), bounds, { index: 0 })
      : opened;
  const trimmed = upright.trim({ threshold: trim.threshold, ...(trim.colour && { background: trim.colour }) });
  // One band of the result is enough, since only its size and place are wanted.
  const { info } = await trimmed.extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  const left = -(info.trimOffsetLeft ?? 0);
  const top = -(info.trimOffsetTop ?? 0);
  const { width, height } = info;
  if (width === whole.width && height === whole.height) return undefined;
  const [marginX, marginY] = [Math.min(left, whole.width - width - left), Math.min(top, whole.height - height - top)];
  return {
    ...(trim.equalHorizontally ? { left: marginX, width: whole.width - 2 * marginX } : { left, width }),
    ...(trim.equalVertically ? { top: marginY, height: whole.height - 2 * marginY } : { top, height }),
  };
}
