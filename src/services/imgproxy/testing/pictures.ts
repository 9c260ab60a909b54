import sharp from 'sharp';

/** A colour as tests name it. */
export type Rgba = readonly [red: number, green: number, blue: number, alpha?: number];

/** Red, green, blue and white quarters: left above, right above, left below, right below. */
export const quarters: readonly Rgba[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];

/** A picture of four quarters in lossless form, to be encoded as wanted. */
export function picture(width: number, height: number, colours: readonly Rgba[] = quarters) {
  const data = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const colour = colours[(y * 2 < height ? 0 : 2) + (x * 2 < width ? 0 : 1)] as Rgba;
      data.set([colour[0], colour[1], colour[2], colour[3] ?? 255], (y * width + x) * 4);
    }
  const opened = sharp(data, { raw: { width, height, channels: 4 } });
  return colours.every(([, , , alpha = 255]) => alpha === 255) ? opened.removeAlpha() : opened;
}

/** An animation of plain frames. */
export async function animation(
  width: number,
  height: number,
  colours: readonly string[],
  format: 'gif' | 'webp' = 'gif',
): Promise<Buffer> {
  const frames = await Promise.all(
    colours.map((background) =>
      sharp({ create: { width, height, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  const joined = sharp(frames, { join: { animated: true } });
  const delay = colours.map((_, index) => 100 * (index + 1));
  return format === 'gif'
    ? joined.gif({ delay, loop: 3 }).toBuffer()
    : joined.webp({ delay, loop: 3, lossless: true }).toBuffer();
}

/** What an encoded image is. */
export async function describeImage(bytes: Buffer) {
  const {
    format,
    width,
    height,
    pages = 1,
    pageHeight = height,
    hasAlpha,
    orientation,
  } = await sharp(bytes, {
    pages: -1,
  }).metadata();
  return { format, width, height: pageHeight, pages, hasAlpha, orientation };
}

/** The colour of a pixel, of the whole roll where the image is animated. */
export async function pixel(bytes: Buffer, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(bytes, { pages: -1 }).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4)];
}
