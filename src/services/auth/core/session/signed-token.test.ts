import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSignedWith, readSignedToken, writeSignedToken } from './signed-token.ts';

const key = Buffer.alloc(32, 7);
const sessionId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const counters = fc.oneof(fc.nat(300), fc.maxSafeNat());

describe('a refresh token of form 2', () => {
  it('is laid out as the original lays it out', () => {
    const signed = Buffer.from('000f8fad5bd9cb469fa16570867728950eac02', 'hex');
    const body = Buffer.concat([signed, createHmac('sha256', key).update(signed).digest().subarray(0, 16)]);
    const whole = Buffer.concat([body, createHash('sha256').update(body).digest().subarray(0, 4)]);
    expect(writeSignedToken({ sessionId, counter: 300 }, key)).toBe(whole.toString('base64url'));
  });

  it('is read as it was written, and known to be signed with its key alone', () => {
    fc.assert(
      fc.property(fc.uuid(), counters, fc.uint8Array({ minLength: 32, maxLength: 32 }), (id, counter, other) => {
        const read = readSignedToken(writeSignedToken({ sessionId: id, counter }, key));
        expect(read).toMatchObject({ sessionId: id, counter });
        if (!read) return;
        expect(isSignedWith(read, key)).toBe(true);
        expect(isSignedWith(read, Buffer.from(other))).toBe(key.equals(other));
      }),
    );
  });

  it('is none once a character is changed, cut off or added', () => {
    fc.assert(
      fc.property(counters, fc.nat(), fc.constantFrom(...'AQgw-_9'), (counter, place, other) => {
        const token = writeSignedToken({ sessionId, counter }, key);
        const at = place % token.length;
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        expect(readSignedToken(changed) === undefined).toBe(changed !== token);
        expect(readSignedToken(token.slice(0, -1))).toBeUndefined();
        expect(readSignedToken(`${token}A`)).toBeUndefined();
      }),
    );
  });

  it('cannot be made out of other bytes with a right checksum', () => {
    const sealed = (bytes: Buffer) =>
      Buffer.concat([bytes, createHash('sha256').update(bytes).digest().subarray(0, 4)]).toString('base64url');
    const head = Buffer.concat([Buffer.of(0), Buffer.alloc(16, 1)]);
    const tail = Buffer.alloc(16, 2);
    // A counter that never ends, one beyond what can be counted, one followed by something, and another version.
    for (const counter of ['ffffffffffffffffffff', 'ffffffffffffffffff01', '0505', '80'])
      expect(readSignedToken(sealed(Buffer.concat([head, Buffer.from(counter, 'hex'), tail])))).toBeUndefined();
    expect(
      readSignedToken(sealed(Buffer.concat([Buffer.of(1), head.subarray(1), Buffer.of(5), tail]))),
    ).toBeUndefined();
    expect(readSignedToken(sealed(Buffer.concat([head, Buffer.of(5), tail])))).toMatchObject({ counter: 5 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void readSignedToken(sealed(Buffer.from(bytes)))),
    );
  });
});
