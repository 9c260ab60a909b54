/** What the beginning of a transaction says about writing. */
export type Access = 'read-only' | 'read-write';

const begin = /^\s*(?:begin|start\s+transaction)\b([^;]*);?\s*$/i;
/** Bytes of a statement that are looked at; no beginning of a transaction is longer. */
const looked = 200;

/**
 * Reads `BEGIN …` and `START TRANSACTION …`.
 *
 * @param bytes with a statement's text from `from` up to `to`
 * @returns undefined for anything else, and where nothing is announced
 */
export function announcedAccess(bytes: Buffer, from: number, to: number): Access | undefined {
  // b, s in either case, and blanks.
  const lower = (bytes[from] as number) | 0x20;
  if ((lower !== 0x62 && lower !== 0x73 && lower !== 0x20 && lower > 0x2d) || to - from > looked) return undefined;
  const modes = begin.exec(bytes.toString('latin1', from, to))?.[1];
  if (modes === undefined) return undefined;
  if (/\bread\s+write\b/i.test(modes)) return 'read-write';
  return /\bread\s+only\b/i.test(modes) ? 'read-only' : undefined;
}
