import { storageError } from '../errors.ts';

const units: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

/**
 * Reads a size as buckets have it: bytes, or text such as `20MB` in powers of ten, rounded to three significant digits.
 *
 * @throws InvalidFileSize
 */
export function parseFileSize(given: unknown): number {
  if (typeof given === 'number') {
    if (!Number.isSafeInteger(given) || given < 0) throw storageError('InvalidFileSize');
    return given;
  }
  if (typeof given !== 'string') throw storageError('InvalidFileSize');
  if (/^\d+$/.test(given)) return parseFileSize(Number(given));
  const match = /^(\d+(?:\.\d+)?)\s*(gb|mb|kb|b)$/i.exec(given.trim());
  if (!match) throw storageError('InvalidFileSize');
  const [, digits = '', unit = ''] = match;
  const size = Number(Number(digits).toPrecision(3)) * (units[unit.toLowerCase()] as number);
  if (!Number.isSafeInteger(Math.round(size))) throw storageError('InvalidFileSize');
  return Math.round(size);
}
