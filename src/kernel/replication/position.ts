/**
 * A place in the stream of committed changes: 24 hexadecimal digits, so that positions compare as texts. The first 16 are
 * the LSN of a commit record, the last 8 the place of the change inside the transaction, from 1 on. With place 0 it lies
 * behind everything that was committed before the LSN.
 */
export type Position = string;

/** @param place 1 for the first change of the transaction, 0 for the place before it */
export function positionOf(lsn: bigint, place = 0): Position {
  return lsnDigits(lsn) + placeDigits(place);
}

/** The first 16 digits of the positions of a transaction. */
export const lsnDigits = (lsn: bigint): string => lsn.toString(16).padStart(16, '0');

/** The last 8 digits of a position. */
export const placeDigits = (place: number): string => place.toString(16).padStart(8, '0');

/** The LSN of a position. */
export const lsnOf = (position: Position): bigint => BigInt(`0x${position.slice(0, 16)}`);

/** Whether a text from a stranger has the form of a position. */
export const isPosition = (text: unknown): text is Position => typeof text === 'string' && /^[0-9a-f]{24}$/.test(text);

/** Reads PostgreSQL's notation of an LSN (`16/B374D848`). @throws Error when it is none */
export function parseLsn(text: string): bigint {
  const [, high, low] = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text) ?? [];
  if (high === undefined || low === undefined) throw new Error(`${JSON.stringify(text.slice(0, 40))} is no LSN`);
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** Writes an LSN in PostgreSQL's notation. */
export const formatLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
