import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBinary, decodeText } from './decode.ts';
import { encodeBroadcastText, encodeMessage, encodeUserBroadcast } from './encode.ts';
import { binaryFrame, textFrame, unframe } from './websocket-frame.ts';

const short = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => Buffer.byteLength(text) <= 255);
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const json = fc.jsonValue().map((value) => JSON.stringify(value));
const ref = fc.option(fc.string({ minLength: 1, maxLength: 8 }));

/** Kind 3, as a client makes it. */
function userBroadcast(parts: readonly string[], encoding: number, payload: Buffer): Buffer {
  const texts = parts.map((part) => Buffer.from(part));
  return Buffer.concat([Buffer.from([3, ...texts.map(({ length }) => length), encoding]), ...texts, payload]);
}

describe('what clients send', () => {
  test('a broadcast of kind 3 is read byte for byte', () => {
    fc.assert(
      fc.property(
        short,
        short,
        short,
        short,
        bytes,
        fc.boolean(),
        (joinRef, topic, event, metadata, payload, isJson) => {
          const frame = userBroadcast([joinRef, '7', topic, event, metadata], isJson ? 1 : 0, payload);
          expect(decodeBinary(frame)).toEqual({
            kind: 'user-broadcast',
            joinRef: joinRef === '' ? null : joinRef,
            ref: '7',
            topic,
            event,
            encoding: isJson ? 'json' : 'raw',
            payload,
          });
        },
      ),
    );
  });

  test('text of both protocols says the same', () => {
    fc.assert(
      fc.property(ref, ref, short, short, fc.jsonValue(), (joinRef, own, topic, event, value) => {
        const payload: unknown = JSON.parse(JSON.stringify(value));
        const expected = { kind: 'message', joinRef, ref: own, topic, event, payload };
        const object = { join_ref: joinRef, ref: own, topic, event, payload };
        expect(decodeText(1, JSON.stringify(object))).toEqual(expected);
        expect(decodeText(2, JSON.stringify([joinRef, own, topic, event, payload, 'more']))).toEqual(expected);
      }),
    );
  });

  test('bytes and text of strangers never throw', () => {
    fc.assert(
      fc.property(bytes, fc.constantFrom(0, 3, 4), (payload, kind) => {
        for (const frame of [payload, Buffer.concat([Buffer.from([kind]), payload])]) {
          expect(() => decodeBinary(frame)).not.toThrow();
          for (const version of [1, 2] as const) expect(() => decodeText(version, frame.toString())).not.toThrow();
        }
      }),
    );
  });
});

describe('what the server sends', () => {
  test('is JSON of the protocol, and protocol 1 has no join_ref', () => {
    fc.assert(
      fc.property(ref, ref, short, short, json, (joinRef, own, topic, event, payload) => {
        const message = { joinRef, ref: own, topic, event, payload };
        const parse = (version: 1 | 2): unknown =>
          JSON.parse(unframe(encodeMessage(version, message)).payload.toString());
        expect(parse(1)).toEqual({ topic, event, payload: JSON.parse(payload), ref: own });
        expect(parse(2)).toEqual([joinRef, own, topic, event, JSON.parse(payload)]);
      }),
    );
  });

  test('kind 4 holds every part at its place', () => {
    fc.assert(
      fc.property(short, short, short, bytes, (topic, event, metadata, payload) => {
        const frame = encodeUserBroadcast({ topic, event, metadata, encoding: 'raw', payload });
        const { payload: inner, binary } = unframe(frame as Buffer);
        const lengths = [topic, event, metadata].map((part) => Buffer.byteLength(part));
        expect(binary).toBe(true);
        expect([...inner.subarray(0, 5)]).toEqual([4, ...lengths, 0]);
        expect(inner.subarray(5).toString('latin1')).toBe(
          Buffer.concat([Buffer.from(topic + event + metadata), payload]).toString('latin1'),
        );
      }),
    );
  });

  test('parts too long for kind 4 go as text, bytes and broken JSON not at all', () => {
    const broadcast = {
      topic: 'x'.repeat(256),
      event: 'e',
      metadata: '',
      encoding: 'json',
      payload: Buffer.from('1'),
    } as const;
    expect(encodeUserBroadcast(broadcast)).toBeUndefined();
    expect(unframe(encodeBroadcastText(2, broadcast) as Buffer).payload.toString()).toContain('"payload":1,');
    expect(encodeBroadcastText(1, { ...broadcast, encoding: 'raw' })).toBeUndefined();
    expect(encodeBroadcastText(1, { ...broadcast, payload: Buffer.from('1,"x":2') })).toBeUndefined();
  });

  test('frames of every length can be read again', () => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 100_000]) {
      expect(unframe(textFrame('x'.repeat(length)))).toEqual({ payload: Buffer.alloc(length, 'x'), binary: false });
      expect(unframe(binaryFrame(Buffer.alloc(0), Buffer.alloc(length, 1))).payload).toHaveLength(length);
    }
  });
});
