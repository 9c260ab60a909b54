import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChecksum } from './checksums.ts';

function checksum(kind: string, ...chunks: readonly (Buffer | string)[]): string {
  const running = createChecksum(`x-amz-checksum-${kind}`);
  if (!running) throw new Error(`${kind} is not known`);
  for (const chunk of chunks) running.update(Buffer.from(chunk as string));
  return running.finish();
}

const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');

/** The definition, bit by bit. */
function slowCrc64(bytes: Buffer): string {
  const mask = 0xffffffffffffffffn;
  let value = mask;
  for (const byte of bytes) {
    value ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
  }
  return (value ^ mask).toString(16).padStart(16, '0');
}

const kinds = ['md5', 'sha1', 'sha256', 'sha512', 'crc32', 'crc32c', 'crc64nvme'];

describe('checksums', () => {
  // The check values of the catalogue of parametrised CRC algorithms, and of the NVM Express specification.
  it.each([
    ['crc32', '123456789', 'cbf43926'],
    ['crc32c', '123456789', 'e3069283'],
    ['crc64nvme', '123456789', 'ae8b14860a799888'],
    ['crc64nvme', '', '0000000000000000'],
    ['crc64nvme', Buffer.alloc(4_096), '6482d367eb22b64e'],
    ['crc64nvme', Buffer.alloc(4_096, 0xff), 'c0ddba7302eca3ac'],
    ['sha1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ])('%s of a known text', (kind, text, expected) => {
    expect(hex(checksum(kind, text))).toBe(expected);
  });

  it.each(kinds)('%s does not depend on how the bytes are cut', (kind) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (array, at) => {
        const bytes = Buffer.from(array);
        const cut = Math.min(at, bytes.length);
        expect(checksum(kind, bytes.subarray(0, cut), bytes.subarray(cut))).toBe(checksum(kind, bytes));
      }),
    );
  });

  it('are what their definitions say', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (array) => {
        const bytes = Buffer.from(array);
        expect(hex(checksum('crc64nvme', bytes))).toBe(slowCrc64(bytes));
        expect(hex(checksum('crc32', bytes))).toBe(crc32(bytes).toString(16).padStart(8, '0'));
        expect(checksum('sha512', bytes)).toBe(createHash('sha512').update(bytes).digest('base64'));
      }),
    );
  });

  it('of other kinds are not known', () => {
    expect(createChecksum('x-amz-checksum-type')).toBeUndefined();
    expect(createChecksum('')).toBeUndefined();
  });
});
