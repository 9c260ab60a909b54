import { setImmediate as pause } from 'node:timers/promises';
import type { Picture } from './library.ts';

/** Size and depth of a bitmap, from its header. */
interface BitmapHeader {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  /** Where the palette begins, and how many colours it has. */
  readonly palette: number;
  readonly colours: number;
  /** Where each colour is within a pixel; 0 for alpha: there is none. */
  readonly masks: readonly [red: number, green: number, blue: number, alpha: number];
}

const fileHeader = 14;
const plain32 = [0xff0000, 0xff00, 0xff, 0] as const;
const plain16 = [0x7c00, 0x3e0, 0x1f, 0] as const;

/** Width and height of a bitmap file; undefined when its header is none that can be read here. */
export function bitmapSize(file: Buffer): { width: number; height: number } | undefined {
  return readHeader(file.subarray(fileHeader), false);
}

/** Decodes a bitmap file: 1, 4, 8, 16, 24 or 32 bits a pixel, not compressed. Undefined for others and damaged ones. */
export async function decodeBmp(file: Buffer): Promise<Picture | undefined> {
  const header = readHeader(file.subarray(fileHeader), false);
  return header && decodePixels(file, header, file.readUInt32LE(10), fileHeader);
}

/** Decodes the bitmap of an icon: no file header, twice as high as it says, with a mask below it. */
export async function decodeIconBitmap(data: Buffer): Promise<Picture | undefined> {
  const header = readHeader(data, true);
  return header && decodePixels(data, header, header.palette + header.colours * 4, 0, true);
}

// BITMAPINFOHEADER and its successors (Windows GDI).
function readHeader(dib: Buffer, isIcon: boolean): BitmapHeader | undefined {
  if (dib.length < 40) return undefined;
  const size = dib.readUInt32LE(0);
  const [width, signed] = [dib.readInt32LE(4), dib.readInt32LE(8)];
  const bits = dib.readUInt16LE(14);
  const compression = dib.readUInt32LE(16);
  const height = Math.abs(signed) / (isIcon ? 2 : 1);
  if (size < 40 || width < 1 || height < 1 || height % 1 !== 0 || ![1, 4, 8, 16, 24, 32].includes(bits))
    return undefined;
  const masked = (compression === 3 || compression === 6) && (bits === 16 || bits === 32);
  if (compression !== 0 && !masked) return undefined;
  if (masked && dib.length < 56) return undefined;
  const hasAlphaMask = size >= 56 || compression === 6;
  const masks = masked
    ? ([
        dib.readUInt32LE(40),
        dib.readUInt32LE(44),
        dib.readUInt32LE(48),
        hasAlphaMask ? dib.readUInt32LE(52) : 0,
      ] as const)
    : bits === 16
      ? plain16
      : isIcon && bits === 32
        ? ([0xff0000, 0xff00, 0xff, 0xff000000] as const)
        : plain32;
  const given = dib.readUInt32LE(32);
  const colours = bits > 8 ? 0 : Math.min(given || 2 ** bits, 2 ** bits);
  const palette = size + (masked && size === 40 ? (compression === 6 ? 16 : 12) : 0);
  return { width, height, topDown: signed < 0, bits, palette, colours, masks };
}

async function decodePixels(
  file: Buffer,
  header: BitmapHeader,
  start: number,
  shift: number,
  hasMask = false,
): Promise<Picture | undefined> {
  const { width, height, topDown, bits, masks } = header;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > file.length) return undefined;
  const palette = file.subarray(shift + header.palette, shift + header.palette + header.colours * 4);
  const maskStart = hasMask && bits < 32 ? start + stride * height : 0;
  const maskStride = Math.ceil(width / 32) * 4;
  const channels = masks[3] !== 0 || maskStart > 0 ? 4 : 3;
  const data = Buffer.alloc(width * height * channels, 255);
  const [red, green, blue, alpha] = masks.map(component) as [Component, Component, Component, Component];
  for (let y = 0; y < height; y++) {
    if (isTurn(y, width)) await pause();
    const line = topDown ? y : height - 1 - y;
    const row = start + line * stride;
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * channels;
      if (bits === 24) {
        data[to] = file[row + x * 3 + 2] as number;
        data[to + 1] = file[row + x * 3 + 1] as number;
        data[to + 2] = file[row + x * 3] as number;
      } else if (bits > 8) {
        const value = bits === 32 ? file.readUInt32LE(row + x * 4) : file.readUInt16LE(row + x * 2);
        data[to] = red(value);
        data[to + 1] = green(value);
        data[to + 2] = blue(value);
        if (masks[3] !== 0) data[to + 3] = alpha(value);
      } else {
        const byte = file[row + Math.floor((x * bits) / 8)] as number;
        const index = (byte >> (8 - bits - ((x * bits) % 8))) & (2 ** bits - 1);
        data[to] = palette[index * 4 + 2] ?? 0;
        data[to + 1] = palette[index * 4 + 1] ?? 0;
        data[to + 2] = palette[index * 4] ?? 0;
      }
      if (maskStart > 0) {
        const byte = file[maskStart + line * maskStride + (x >> 3)] ?? 0;
        data[to + 3] = (byte >> (7 - (x & 7))) & 1 ? 0 : 255;
      }
    }
  }
  return { data, raw: { width, height, channels, pageHeight: height } };
}

// Whether it is time to let others have the processor: after every half a million pixels or so.
const isTurn = (y: number, width: number): boolean => y > 0 && y % Math.max(1, Math.floor(500_000 / width)) === 0;

type Component = (value: number) => number;

// Stretches the bits under a mask to a byte.
function component(mask: number): Component {
  if (mask === 0) return () => 0;
  let shift = 0;
  while (((mask >>> shift) & 1) === 0) shift++;
  const most = mask >>> shift;
  return (value) => Math.round((((value & mask) >>> shift) * 255) / most);
}

/** Encodes pixels as a bitmap file of 24 bits, or of 32 with alpha. */
export async function encodeBmp(
  pixels: Buffer,
  { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: number },
): Promise<Buffer> {
  const colours = channels < 3 ? 1 : 3;
  const hasAlpha = channels === 2 || channels === 4;
  const bytes = hasAlpha ? 4 : 3;
  const infoSize = hasAlpha ? 108 : 40;
  const stride = Math.ceil((width * bytes) / 4) * 4;
  const start = fileHeader + infoSize;
  const file = Buffer.alloc(start + stride * height);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(start, 10);
  file.writeUInt32LE(infoSize, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bytes * 8, 28);
  file.writeUInt32LE(stride * height, 34);
  if (hasAlpha) {
    file.writeUInt32LE(3, 30);
    [0xff0000, 0xff00, 0xff, 0xff000000].forEach((mask, index) => {
      file.writeUInt32LE(mask, 54 + index * 4);
    });
    // The colour space: sRGB.
    file.write('BGRs', 70, 'latin1');
  }
  for (let y = 0; y < height; y++) {
    if (isTurn(y, width)) await pause();
    const row = start + (height - 1 - y) * stride;
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      const to = row + x * bytes;
      file[to] = pixels[from + (colours === 3 ? 2 : 0)] as number;
      file[to + 1] = pixels[from + (colours === 3 ? 1 : 0)] as number;
      file[to + 2] = pixels[from] as number;
      if (hasAlpha) file[to + 3] = pixels[from + channels - 1] as number;
    }
  }
  return file;
}
