import { expect, it } from 'vitest';
import {
  describeOptions,
  imageOptions,
  readTransformation,
  type Transformation,
  writeTransformation,
} from './transformations.ts';

const limits = { min: 1, max: 2_000 };
const described = (wish: Transformation) => describeOptions(imageOptions(wish, limits));

it('says what was done in the notation of the engine, in its order', () => {
  expect(described({ width: 5_000, height: 20, resize: 'contain', quality: 60, format: 'avif', gravity: 'noea' })).toBe(
    'height:20,width:2000,resizing_type:fit,quality:60,format:avif,gravity:noea',
  );
  expect(described({ format: 'origin' })).toBe('');
});

it('takes a gravity with its offsets; what catches the eye has none', () => {
  expect(described({ gravity: 'so' })).toBe('gravity:so');
  expect(described({ gravity: 'so', y_offset: -10 })).toBe('gravity:so:0:-10');
  expect(described({ gravity: 'ea', x_offset: 0.25 })).toBe('gravity:ea:0.25:0');
  expect(described({ gravity: 'sm', x_offset: 3, y_offset: 4 })).toBe('gravity:sm');
  expect(described({ gravity: 'fp', x_offset: 0, y_offset: 1 })).toBe('gravity:fp:0:1');
  // Offsets alone say nothing.
  expect(described({ x_offset: 3, y_offset: 4 })).toBe('');
});

it.each([{}, { x_offset: 0.5 }, { x_offset: 0.5, y_offset: 1.01 }, { x_offset: -0.1, y_offset: 0 }])(
  'a focal point has both coordinates within the image, and not %j',
  (offsets) => {
    const wish: Transformation = { gravity: 'fp', ...offsets };
    const refused = expect.objectContaining({
      code: 'InvalidParameter',
      message: 'Focal point requires x and y coordinates within 0-1 range',
    });
    expect(() => imageOptions(wish, limits)).toThrow(refused);
    expect(() => writeTransformation(wish)).toThrow(refused);
  },
);

it('reads from a signed URL what was written into it', () => {
  const wishes: Transformation[] = [
    { width: 200, height: 100, resize: 'cover', quality: 60 },
    { width: 200, gravity: 'fp', x_offset: 0.25, y_offset: 0.75 },
    { gravity: 'nowe', x_offset: -10, y_offset: 0 },
    { gravity: 'sm' },
    { height: 10, gravity: 'ce' },
    {},
  ];
  for (const wish of wishes) {
    const read = readTransformation(writeTransformation(wish), undefined);
    expect(imageOptions(read, limits)).toEqual(imageOptions(wish, limits));
  }
  expect(writeTransformation({ width: 200, gravity: 'fp', x_offset: 0.25, y_offset: 0.75 })).toBe(
    'width:200,gravity:fp:0.25:0.75',
  );
});

it.each(['gravity:up', 'gravity:so:a:b', 'gravity:so:1:2:3', 'gravity:fp', 'width:x', 'resize:up'])(
  'what nobody signed here is refused: %s',
  (text) => {
    expect(() => imageOptions(readTransformation(text, undefined), limits)).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  },
);
