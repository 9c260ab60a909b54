import { readMarkup } from '../svg/scan.ts';
import type { Format } from './formats.ts';

/**
 * Tells a format by the first bytes of a file, never by its name or what a server said of it.
 *
 * @param svgBytes how far the root element of an SVG is looked for
 */
export function detectFormat(bytes: Buffer, svgBytes: number): Format | undefined {
  for (const [format, matches] of signatures) if (matches(bytes)) return format;
  return brandFormat(bytes) ?? (isSvg(bytes.subarray(0, svgBytes)) ? 'svg' : undefined);
}

const signatures: readonly (readonly [Format, (bytes: Buffer) => boolean])[] = [
  ['jpeg', (bytes) => begins(bytes, [0xff, 0xd8, 0xff])],
  ['png', (bytes) => begins(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['gif', (bytes) => textAt(bytes, 0, 4) === 'GIF8'],
  ['webp', (bytes) => textAt(bytes, 0, 4) === 'RIFF' && textAt(bytes, 8, 4) === 'WEBP'],
  ['jxl', (bytes) => begins(bytes, [0xff, 0x0a]) || begins(bytes, [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20])],
  ['tiff', (bytes) => begins(bytes, [0x49, 0x49, 0x2a, 0]) || begins(bytes, [0x4d, 0x4d, 0, 0x2a])],
  ['ico', (bytes) => begins(bytes, [0, 0, 1, 0])],
  ['bmp', (bytes) => textAt(bytes, 0, 2) === 'BM'],
];

const begins = (bytes: Buffer, start: readonly number[]): boolean =>
  bytes.length >= start.length && start.every((value, index) => bytes[index] === value);

const textAt = (bytes: Buffer, at: number, length: number): string => bytes.toString('latin1', at, at + length);

const avifBrands = new Set(['avif', 'avis']);
const heicBrands = new Set(['heic', 'heix', 'hevc', 'heim', 'heis', 'hevm', 'hevs', 'mif1', 'msf1']);

// ISO/IEC 14496-12: box length, `ftyp`, major brand, version, compatible brands. A file whose major brand is the general
// one of HEIF is AVIF when it says so among the compatible ones.
function brandFormat(bytes: Buffer): Format | undefined {
  if (textAt(bytes, 4, 4) !== 'ftyp' || bytes.length < 12) return undefined;
  const end = Math.min(bytes.length, bytes.readUInt32BE(0), 256);
  const brands = [textAt(bytes, 8, 4)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(textAt(bytes, at, 4));
  if (brands.some((brand) => avifBrands.has(brand))) return 'avif';
  return brands.some((brand) => heicBrands.has(brand)) ? 'heic' : undefined;
}

// Prolog of XML 1.0 (§2.8): declaration, comments, instructions, one document type; then the root element.
function isSvg(start: Buffer): boolean {
  const text = start.toString(start[0] === 0xff && start[1] === 0xfe ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
  const tag = /\s*<(?:[\w-]+:)?svg[\s/>]/y;
  for (let at = 0; at >= 0 && at < text.length; ) {
    tag.lastIndex = at;
    if (tag.test(text)) return true;
    const open = text.indexOf('<', at);
    if (open < 0 || text.slice(at, open).trim() !== '') return false;
    const { kind, end } = readMarkup(text, open);
    if (kind === 'tag' || kind === 'broken') return false;
    at = end;
  }
  return false;
}
