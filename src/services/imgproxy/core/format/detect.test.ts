import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseFormat, type FormatPolicy } from './choose.ts';
import { detectFormat } from './detect.ts';
import { type Format, formatNamed } from './formats.ts';

const detect = (bytes: Buffer | string) => detectFormat(Buffer.from(bytes as string, 'latin1'), 1_024);
const ftyp = (major: string, ...others: string[]) => {
  const body = Buffer.from(`ftyp${major}\0\0\0\0${others.join('')}`, 'latin1');
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length + 4);
  return Buffer.concat([size, body]);
};

test.each<[Format | undefined, Buffer | string]>([
  ['jpeg', '\xff\xd8\xff\xe0'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['gif', 'GIF89a'],
  ['webp', 'RIFF\0\0\0\0WEBPVP8 '],
  ['jxl', '\xff\x0a'],
  ['jxl', '\0\0\0\x0cJXL \r\n'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['ico', '\0\0\x01\0\x01\0'],
  ['bmp', 'BM'],
  ['svg', '<svg xmlns="x">'],
  ['svg', '\xef\xbb\xbf \n<?xml version="1.0"?>\n<!-- <html> --><!DOCTYPE svg [<!ENTITY a "b">]><svg:svg>'],
  [undefined, '<html><svg></svg></html>'],
  [undefined, 'text <svg>'],
  [undefined, '<svgfoo>'],
  [undefined, `<!--${' '.repeat(2_000)}--><svg>`],
  [undefined, ''],
  [undefined, 'RIFF\0\0\0\0WAVE'],
])('%s', (format, bytes) => expect(detect(bytes)).toBe(format));

test('brands tell AVIF from HEIC', () => {
  expect(detectFormat(ftyp('avif', 'mif1'), 10)).toBe('avif');
  expect(detectFormat(ftyp('mif1', 'avif', 'miaf'), 10)).toBe('avif');
  expect(detectFormat(ftyp('heic', 'mif1'), 10)).toBe('heic');
  expect(detectFormat(ftyp('isom', 'mp42'), 10)).toBeUndefined();
});

test('any bytes are told or not, and never fail', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void detectFormat(Buffer.from(bytes), 1_024)));
});

test('hostile beginnings take no time', () => {
  for (const text of [
    '<!DOCTYPE [][][]'.repeat(2_000),
    `<!DOCTYPE ${'[]'.repeat(16_000)}`,
    '<?'.repeat(16_000),
    '<!--->'.repeat(5_000),
  ]) {
    const started = performance.now();
    detectFormat(Buffer.from(text), 32 * 1_024);
    expect(performance.now() - started).toBeLessThan(5_000);
  }
});

describe('the choice', () => {
  const policy: FormatPolicy = {
    autoWebp: true,
    enforceWebp: false,
    autoAvif: true,
    enforceAvif: false,
    preferred: ['jpeg', 'png', 'gif'],
  };
  const still = {
    source: 'png',
    explicit: undefined,
    accepted: { webp: false, avif: false },
    animated: false,
    alpha: false,
  } as const;
  const both = { webp: true, avif: true };
  test.each<[string, Partial<FormatPolicy>, object, Format]>([
    ['the source where nobody says more', {}, {}, 'png'],
    ['AVIF before WebP', {}, { accepted: both }, 'avif'],
    ['WebP where AVIF is not wanted', { autoAvif: false }, { accepted: both }, 'webp'],
    ['WebP for animations', {}, { accepted: both, animated: true, source: 'gif' }, 'webp'],
    ['what is named', {}, { accepted: both, explicit: 'jpeg' }, 'jpeg'],
    ['what is enforced', { enforceWebp: true }, { accepted: both, explicit: 'jpeg' }, 'webp'],
    ['not what is enforced but not taken', { enforceWebp: true, autoAvif: false }, { explicit: 'jpeg' }, 'jpeg'],
    ['no WebP for who does not take it', {}, { source: 'webp' }, 'jpeg'],
    ['one with alpha for what has it', {}, { source: 'webp', alpha: true }, 'png'],
    ['one that moves for what does', {}, { source: 'webp', animated: true, alpha: true }, 'gif'],
    ['the preferred ones', { preferred: ['webp'] }, { source: 'png', alpha: true }, 'webp'],
  ])('%s', (_name, changed, input, format) => {
    expect(chooseFormat({ ...policy, ...changed }, { ...still, ...input })).toBe(format);
  });
});

test('words for formats', () => {
  expect(['jpg', 'jpeg', 'svg', 'toString', 'JPEG', ''].map(formatNamed)).toEqual([
    'jpeg',
    'jpeg',
    'svg',
    undefined,
    undefined,
    undefined,
  ]);
});
