import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc64Nvme } from './crc64-nvme.ts';

/** A checksum of bytes that pass by, in the form S3 has it: base64 of big-endian bytes. */
export interface Checksum {
  update(chunk: Buffer): void;
  finish(): string;
}

const castagnoli = 0x82f63b78;

/** Creates the checksum of a header `x-amz-checksum-*`. @returns undefined for one that is not checked here */
export function createChecksum(name: string): Checksum | undefined {
  switch (name) {
    case 'x-amz-checksum-md5':
    case 'x-amz-checksum-sha1':
    case 'x-amz-checksum-sha256':
    case 'x-amz-checksum-sha512': {
      const hash = createHash(name.slice('x-amz-checksum-'.length));
      return { update: (chunk) => void hash.update(chunk), finish: () => hash.digest('base64') };
    }
    case 'x-amz-checksum-crc32': {
      let value = 0;
      return {
        update: (chunk) => {
          value = crc32(chunk, value);
        },
        finish: () => bigEndian(value),
      };
    }
    case 'x-amz-checksum-crc32c': {
      const table = makeTable(castagnoli);
      let value = 0xffffffff;
      return {
        update: (chunk) => {
          for (const byte of chunk) value = (table[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
        },
        finish: () => bigEndian((value ^ 0xffffffff) >>> 0),
      };
    }
    case 'x-amz-checksum-crc64nvme': {
      const crc = new Crc64Nvme();
      return { update: (chunk) => crc.update(chunk), finish: () => crc.digest().toString('base64') };
    }
    default:
      return undefined;
  }
}

function makeTable(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_unused, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value >>> 0;
  });
}

function bigEndian(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('base64');
}
