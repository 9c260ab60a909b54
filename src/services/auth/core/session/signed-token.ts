import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What a signed refresh token says: the n-th of a session. */
export interface SignedToken {
  readonly sessionId: string;
  readonly counter: number;
}

/** One that was presented. Its checksum is right, which says that it is whole; only the signature says that it is ours. */
export interface PresentedToken extends SignedToken {
  readonly signed: Buffer;
  readonly signature: Buffer;
}

const version = 0;
const idLength = 16;
const signatureLength = 16;
const checksumLength = 4;
const leastLength = 1 + idLength + 1 + signatureLength + checksumLength;

const sign = (bytes: Buffer, key: Buffer): Buffer =>
  createHmac('sha256', key).update(bytes).digest().subarray(0, signatureLength);
const checksum = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest().subarray(0, checksumLength);

/**
 * Writes a refresh token of form 2 (GoTrue, "Sessions and refresh tokens"): base64url of a zero byte, the session's id, the
 * counter as an unsigned varint, half an HMAC-SHA-256 of these, and four bytes of the SHA-256 of everything before.
 *
 * @param key the session's, 32 bytes
 */
export function writeSignedToken({ sessionId, counter }: SignedToken, key: Buffer): string {
  const signed = Buffer.concat([
    Buffer.of(version),
    Buffer.from(sessionId.replaceAll('-', ''), 'hex'),
    writeVarint(counter),
  ]);
  const body = Buffer.concat([signed, sign(signed, key)]);
  return Buffer.concat([body, checksum(body)]).toString('base64url');
}

/** Reads a refresh token of form 2; undefined when a text is none. */
export function readSignedToken(text: string): PresentedToken | undefined {
  if (!/^[\w-]{50,80}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // One token is one text: what a decoder would overlook is refused.
  if (bytes.toString('base64url') !== text) return undefined;
  if (bytes.length < leastLength || bytes[0] !== version) return undefined;
  const body = bytes.subarray(0, -checksumLength);
  if (!checksum(body).equals(bytes.subarray(-checksumLength))) return undefined;
  const signed = body.subarray(0, -signatureLength);
  const counter = readVarint(signed.subarray(1 + idLength));
  if (counter === undefined) return undefined;
  const id = signed.toString('hex', 1, 1 + idLength).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return { sessionId: id, counter, signed, signature: body.subarray(-signatureLength) };
}

/** Whether a token was made with a key. */
export const isSignedWith = ({ signed, signature }: PresentedToken, key: Buffer): boolean =>
  timingSafeEqual(signature, sign(signed, key));

function writeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A number that fills all of some bytes; undefined when it does not, or is too large to count with. */
function readVarint(bytes: Buffer): number | undefined {
  if (bytes.length === 0 || bytes.length > 10) return undefined;
  let value = 0n;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte >= 0x80 === (index === bytes.length - 1)) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
  }
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}
