import type { Region } from '../geometry/gravity.ts';
import type { Gravity } from '../url/processing.ts';
import type { Inspected } from './inspect.ts';
import { type Bounds, type Library, open, toPixels } from './library.ts';

/** Side of the small copy that is looked at. */
const looked = 256;

/**
 * Finds what catches the eye (libvips' attention strategy: contrast, saturation, skin) and gives it as a point, so that
 * from there on `sm` is a gravity like any other.
 *
 * @param region the part that counts, upright; undefined is all
 */
export async function findAttention(
  sharp: Library,
  source: Inspected,
  autoRotate: boolean,
  region: Region | undefined,
  bounds: Bounds,
): Promise<Gravity> {
  const middle: Gravity = { type: 'fp', x: 0.5, y: 0.5 };
  const opened = open(sharp, source.picture, bounds, { index: 0 });
  const upright = autoRotate ? opened.autoOrient() : opened;
  const small = await toPixels(
    (region ? upright.extract(region) : upright).resize(looked, looked, { fit: 'inside', withoutEnlargement: true }),
  );
  const { width, height } = small.raw;
  if (width < 8 || height < 8) return middle;
  // Without scaling, so that the point is in pixels of the small copy.
  const { info } = await open(sharp, small, bounds, { index: 0 })
    .resize(width, Math.ceil(height / 2), { fit: 'cover', position: 'attention' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.attentionX === undefined || info.attentionY === undefined) return middle;
  return { type: 'fp', x: clamp(info.attentionX / width), y: clamp(info.attentionY / height) };
}

const clamp = (value: number) => Math.max(0, Math.min(1, value));
