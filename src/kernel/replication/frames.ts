import { ByteReader, MalformedMessage } from './byte-reader.ts';
import { postgresEpoch } from './pgoutput.ts';

/** What the server sends inside the replication stream (PostgreSQL documentation, "Streaming Replication Protocol"). */
export type ServerFrame =
  | { readonly kind: 'data'; readonly payload: Buffer }
  /** Everything committed before `sentUpTo` was sent. */
  | { readonly kind: 'keepalive'; readonly sentUpTo: bigint; readonly wantsReply: boolean };

const dataHeader = 1 + 8 + 8 + 8;

/** Reads a frame; `payload` is a view of `bytes`. @throws MalformedMessage */
export function readFrame(bytes: Buffer): ServerFrame {
  const letter = String.fromCharCode(bytes[0] ?? 0);
  if (letter === 'w') {
    if (bytes.length < dataHeader) throw new MalformedMessage('the frame is too short');
    return { kind: 'data', payload: bytes.subarray(dataHeader) };
  }
  if (letter !== 'k') throw new MalformedMessage(`there is no frame ${JSON.stringify(letter)}`);
  const reader = new ByteReader(bytes, 1);
  const sentUpTo = reader.uint64();
  reader.int64();
  return { kind: 'keepalive', sentUpTo, wantsReply: reader.byte() === 1 };
}

/**
 * A standby status update.
 *
 * @param flushed what is not needed again: the server may throw it away
 * @param now milliseconds since 1970
 */
export function statusFrame(flushed: bigint, now: number, wantsReply: boolean): Buffer {
  const frame = Buffer.alloc(1 + 8 * 4 + 1);
  frame.write('r', 0, 'latin1');
  for (const at of [1, 9, 17]) frame.writeBigUInt64BE(flushed, at);
  frame.writeBigInt64BE(BigInt(Math.round(now * 1_000) - postgresEpoch), 25);
  frame[33] = wantsReply ? 1 : 0;
  return frame;
}
