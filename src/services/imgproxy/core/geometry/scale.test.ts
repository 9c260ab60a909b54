import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainProcessing } from '../url/processing.ts';
import { placeWithin } from './gravity.ts';
import { cropSize, marginsOf, planSizes, type SizeOptions, turnRegion } from './scale.ts';

const plain = plainProcessing({ pixels: 1, bytes: 1, frames: 1, framePixels: 0, resultSide: 0 });
const side = fc.integer({ min: 1, max: 5_000 });
const options: fc.Arbitrary<SizeOptions> = fc
  .record({
    resize: fc.constantFrom('fit', 'fill', 'fill-down', 'force', 'auto'),
    width: fc.integer({ min: 0, max: 3_000 }),
    height: fc.integer({ min: 0, max: 3_000 }),
    dpr: fc.constantFrom(0.5, 1, 2, 3),
    zoomX: fc.constantFrom(0.5, 1, 1.5),
    zoomY: fc.constantFrom(0.5, 1, 1.5),
    extend: fc.boolean().map((enabled) => ({ enabled, gravity: plain.gravity })),
  })
  .map((some) => ({ ...plain, ...some }) as SizeOptions);

describe('sizes', () => {
  test('nothing is enlarged unless that is asked for', () => {
    fc.assert(
      fc.property(side, side, options, (width, height, asked) => {
        const { scaled, kept } = planSizes({ width, height }, asked, false, 0);
        expect(scaled.width).toBeLessThanOrEqual(width);
        expect(scaled.height).toBeLessThanOrEqual(height);
        expect(Math.min(kept.width, kept.height)).toBeGreaterThanOrEqual(1);
        expect(kept.width).toBeLessThanOrEqual(scaled.width);
        expect(kept.height).toBeLessThanOrEqual(scaled.height);
      }),
    );
  });

  test('fit stays within the target, fill reaches it where it may enlarge', () => {
    fc.assert(
      fc.property(side, side, side, side, (width, height, wide, high) => {
        const target = { ...plain, width: wide, height: high, enlarge: true };
        const fit = planSizes({ width, height }, { ...target, resize: 'fit' }, false, 0).kept;
        expect(fit.width <= wide && fit.height <= high).toBe(true);
        expect(fit.width === wide || fit.height === high).toBe(true);
        expect(planSizes({ width, height }, { ...target, resize: 'fill' }, false, 0).kept).toEqual({
          width: wide,
          height: high,
        });
        expect(planSizes({ width, height }, { ...target, resize: 'force' }, false, 0).scaled).toEqual({
          width: wide,
          height: high,
        });
      }),
    );
  });

  test('fill without enlarging has the proportions asked for only with fill-down', () => {
    const source = { width: 300, height: 100 };
    const target = { ...plain, width: 400, height: 200 };
    expect(planSizes(source, { ...target, resize: 'fill' }, false, 0).kept).toEqual({ width: 300, height: 100 });
    expect(planSizes(source, { ...target, resize: 'fill-down' }, false, 0).kept).toEqual({ width: 200, height: 100 });
  });

  test('a bound on the result holds, padding included', () => {
    fc.assert(
      fc.property(side, side, options, fc.integer({ min: 50, max: 400 }), (width, height, asked, most) => {
        const padded = { ...asked, padding: { top: 3, right: 5, bottom: 7, left: 9 } };
        const plan = planSizes({ width, height }, padded, true, most);
        const { left, right, top, bottom } = marginsOf(plan, padded);
        // Each of the five numbers is rounded by itself.
        expect(plan.kept.width + left + right).toBeLessThanOrEqual(most + 2);
        expect(plan.kept.height + top + bottom).toBeLessThanOrEqual(most + 2);
      }),
    );
  });

  test('crop: pixels, parts, and all', () => {
    const source = { width: 200, height: 100 };
    expect(cropSize(source, { width: 50, height: 0 })).toEqual({ width: 50, height: 100 });
    expect(cropSize(source, { width: 0.25, height: 0.1 })).toEqual({ width: 50, height: 10 });
    expect(cropSize(source, { width: 500, height: 0.001 })).toEqual({ width: 200, height: 1 });
  });
});

describe('places', () => {
  const gravity = fc.record({
    type: fc.constantFrom('ce', 'no', 'ea', 'so', 'we', 'nowe', 'noea', 'sowe', 'soea', 'fp'),
    x: fc.double({ min: 0, max: 1, noNaN: true }),
    y: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  test('a box stays within another', () => {
    fc.assert(
      fc.property(side, side, fc.double({ min: 0.01, max: 1, noNaN: true }), gravity, (width, height, part, by) => {
        const inner = cropSize({ width, height }, { width: part, height: part });
        const { left, top } = placeWithin({ width, height }, inner, by as never, 1);
        expect(left >= 0 && top >= 0).toBe(true);
        expect(left + inner.width <= width && top + inner.height <= height).toBe(true);
      }),
    );
  });

  test('offsets are pixels from 1 on and parts below', () => {
    const [outer, inner] = [
      { width: 200, height: 100 },
      { width: 20, height: 20 },
    ];
    const at = (type: string, x: number, y: number, dpr = 1) => placeWithin(outer, inner, { type, x, y } as never, dpr);
    expect(at('nowe', 10, 0.1)).toEqual({ left: 10, top: 10 });
    expect(at('soea', 10, 5)).toEqual({ left: 170, top: 75 });
    expect(at('no', 10, 5, 2)).toEqual({ left: 110, top: 10 });
    expect(at('fp', 0.5, 0.5)).toEqual({ left: 90, top: 40 });
    expect(at('fp', 0, 1)).toEqual({ left: 0, top: 80 });
  });

  test('a region turned four times is where it was', () => {
    fc.assert(
      fc.property(side, side, fc.double({ min: 0.01, max: 1, noNaN: true }), (width, height, part) => {
        const region = { left: 0, top: 0, ...cropSize({ width, height }, { width: part, height: 0 }) };
        let turned = region;
        let image = { width, height };
        for (let turn = 0; turn < 4; turn++) {
          turned = turnRegion(turned, image, 90);
          image = { width: image.height, height: image.width };
        }
        expect(turned).toEqual(region);
        expect(turnRegion(turnRegion(region, { width, height }, 90), { width: height, height: width }, 270)).toEqual(
          region,
        );
      }),
    );
  });
});
