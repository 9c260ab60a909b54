import type { Gravity } from '../url/processing.ts';

/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of an image in pixels. */
export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

// The way each gravity takes the inner box: -1 to the left or top, 0 to the middle, 1 to the right or bottom.
const directions: Readonly<Record<string, readonly [number, number]>> = {
  ce: [0, 0],
  no: [0, -1],
  so: [0, 1],
  we: [-1, 0],
  ea: [1, 0],
  nowe: [-1, -1],
  noea: [1, -1],
  sowe: [-1, 1],
  soea: [1, 1],
};

/** Offsets from 1 on are pixels (at the device's pixel ratio), smaller ones parts of the side. */
const offset = (value: number, side: number, dpr: number): number =>
  Math.round(Math.abs(value) >= 1 ? value * dpr : value * side);

function along(direction: number, outer: number, inner: number, shift: number): number {
  if (direction < 0) return shift;
  if (direction > 0) return outer - inner - shift;
  return Math.floor((outer - inner + 1) / 2) + shift;
}

const clamp = (value: number, most: number): number => Math.max(0, Math.min(value, most));

/**
 * Where a smaller box is within a larger one.
 *
 * @param overflow true: it may stand out (a watermark); otherwise it is moved inside
 */
export function placeWithin(
  outer: Size,
  inner: Size,
  gravity: Gravity,
  dpr: number,
  overflow = false,
): { left: number; top: number } {
  let left: number;
  let top: number;
  if (gravity.type === 'fp') {
    left = Math.round(outer.width * gravity.x - inner.width / 2);
    top = Math.round(outer.height * gravity.y - inner.height / 2);
  } else {
    const [x, y] = directions[gravity.type] ?? [0, 0];
    left = along(x, outer.width, inner.width, offset(gravity.x, outer.width, dpr));
    top = along(y, outer.height, inner.height, offset(gravity.y, outer.height, dpr));
  }
  if (overflow) return { left, top };
  return {
    left: clamp(left, Math.max(0, outer.width - inner.width)),
    top: clamp(top, Math.max(0, outer.height - inner.height)),
  };
}
