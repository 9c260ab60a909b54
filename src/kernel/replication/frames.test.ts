import { describe, expect, it } from 'vitest';
import { readFrame, statusFrame } from './frames.ts';
import { postgresEpoch } from './pgoutput.ts';

describe('frames of the replication stream', () => {
  it('reads data and keep-alives', () => {
    const data = Buffer.concat([Buffer.from('w'), Buffer.alloc(24), Buffer.from('payload')]);
    expect(readFrame(data)).toEqual({ kind: 'data', payload: Buffer.from('payload') });
    const keepalive = Buffer.alloc(18);
    keepalive.write('k');
    keepalive.writeBigUInt64BE(0x1234n, 1);
    keepalive[17] = 1;
    expect(readFrame(keepalive)).toEqual({ kind: 'keepalive', sentUpTo: 0x1234n, wantsReply: true });
  });

  it('refuses what is none', () => {
    expect(() => readFrame(Buffer.from('x'))).toThrow('there is no frame');
    expect(() => readFrame(Buffer.from('w'))).toThrow('too short');
    expect(() => readFrame(Buffer.from('k123'))).toThrow('too short');
    expect(() => readFrame(Buffer.alloc(0))).toThrow('there is no frame');
  });

  it('writes the status with one position for all three meanings', () => {
    const frame = statusFrame(77n, 1_700_000_000_000, true);
    expect(frame).toHaveLength(34);
    expect([1, 9, 17].map((at) => frame.readBigUInt64BE(at))).toEqual([77n, 77n, 77n]);
    expect(Number(frame.readBigInt64BE(25)) + postgresEpoch).toBe(1_700_000_000_000_000);
    expect(frame[33]).toBe(1);
  });
});
