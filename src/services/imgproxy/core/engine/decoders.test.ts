import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeBmp, decodeIconBitmap, encodeBmp } from './bmp.ts';
import { readCopyright } from './copyright.ts';
import { largestIcon, wrapIcon } from './ico.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

test('any pixels survive a bitmap', async () => {
  const size = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(size, size, fc.constantFrom(1, 2, 3, 4), fc.nat(), async (width, height, channels, seed) => {
      const pixels = Buffer.from(Array.from({ length: width * height * channels }, (_, i) => (i * 37 + seed) % 256));
      const back = await decodeBmp(await encodeBmp(pixels, { width, height, channels }));
      const wanted = Array.from({ length: width * height }, (_, at) => {
        const [a = 0, b = 0, c = 0, d = 0] = pixels.subarray(at * channels, (at + 1) * channels);
        if (channels < 3) return channels === 1 ? [a, a, a] : [a, a, a, b];
        return channels === 3 ? [a, b, c] : [a, b, c, d];
      }).flat();
      expect([...(back?.data ?? [])]).toEqual(wanted);
      expect(back?.raw).toMatchObject({ width, height });
    }),
    { numRuns: 50 },
  );
});

test('bitmaps of few colours, upside down and not', async () => {
  const bitmap = (bits: number, height: number, rows: readonly number[], palette: readonly number[]) => {
    const file = Buffer.alloc(54 + palette.length + rows.length);
    file.write('BM');
    file.writeUInt32LE(54 + palette.length, 10);
    file.writeUInt32LE(40, 14);
    file.writeInt32LE(2, 18);
    file.writeInt32LE(height, 22);
    file.writeUInt16LE(1, 26);
    file.writeUInt16LE(bits, 28);
    file.writeUInt32LE(palette.length / 4, 46);
    file.set(palette, 54);
    file.set(rows, 54 + palette.length);
    return file;
  };
  const colours = [0, 0, 255, 0, 0, 255, 0, 0];
  const lines = [
    [0b01000000, 0, 0, 0],
    [0b10000000, 0, 0, 0],
  ];
  const pixelsOf = async (file: Buffer) => [...((await decodeBmp(file))?.data ?? [])];
  const [red, green] = [
    [255, 0, 0],
    [0, 255, 0],
  ];
  expect(await pixelsOf(bitmap(1, 2, lines.flat(), colours))).toEqual([green, red, red, green].flat());
  expect(await pixelsOf(bitmap(1, -2, lines.flat(), colours))).toEqual([red, green, green, red].flat());
  expect(await pixelsOf(bitmap(4, -1, [0x01, 0, 0, 0], colours))).toEqual([red, green].flat());
  expect(await pixelsOf(bitmap(8, -1, [1, 0, 0, 0], colours))).toEqual([green, red].flat());
  expect(await pixelsOf(bitmap(16, -1, [0x00, 0x7c, 0xe0, 0x03], []))).toEqual([red, green].flat());
});

test('a bitmap whose rows are not there is none', async () => {
  const file = await encodeBmp(Buffer.alloc(300), { width: 10, height: 10, channels: 3 });
  expect(await decodeBmp(file.subarray(0, -1))).toBeUndefined();
  file.writeInt32LE(2_000_000_000, 18);
  expect(await decodeBmp(file)).toBeUndefined();
});

test('an icon holds the picture it was made of, and the largest is taken', async () => {
  const png = await sharp({ create: { width: 16, height: 16, channels: 4, background: 'red' } })
    .png()
    .toBuffer();
  const icon = wrapIcon(png, 16, 16);
  expect(largestIcon(icon)).toEqual({ kind: 'png', data: png });
  const two = Buffer.concat([icon.subarray(0, 6), icon.subarray(6, 22), icon.subarray(6, 22), png, png]);
  two.writeUInt16LE(2, 4);
  two.writeUInt32LE(38, 18);
  two.writeUInt32LE(38 + png.length, 34);
  two[22] = 32;
  two[23] = 32;
  expect(largestIcon(two)?.data.byteOffset).toBe(two.byteOffset + 38 + png.length);
});

test('damaged files of any kind are refused and do not fail', async () => {
  const good = await encodeBmp(Buffer.alloc(8 * 8 * 4, 7), { width: 8, height: 8, channels: 4 });
  const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 6 }), bytes, async (changes, noise) => {
      const file = Buffer.from(good);
      for (const [at, value] of changes) if (at < 2 || at > 17) file[at] = value;
      // Sizes that would be real are bounded before anything is decoded.
      if (Math.abs(file.readInt32LE(18) * file.readInt32LE(22)) < 1e6) await decodeBmp(file);
      await decodeIconBitmap(file.subarray(14));
      largestIcon(noise);
      await decodeBmp(Buffer.concat([Buffer.from('BM'), noise]));
      await decodeIconBitmap(noise);
      readCopyright(noise);
      readCopyright(Buffer.concat([Buffer.from('Exif\0\0II*\0\x08\0\0\0', 'latin1'), noise]));
      readCopyright(Buffer.concat([Buffer.from('MM\0*\0\0\0\x08', 'latin1'), noise]));
    }),
    { numRuns: 500 },
  );
});
