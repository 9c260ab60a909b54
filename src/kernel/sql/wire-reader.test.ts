import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WireReader } from './wire-reader.ts';

interface Message {
  readonly type: number;
  readonly body: Buffer;
}

function encode({ type, body }: Message): Buffer {
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function reader(): { reader: WireReader; seen: Message[] } {
  const seen: Message[] = [];
  const into = new WireReader((type, bytes, start, end) => seen.push({ type, body: bytes.subarray(start, end) }));
  return { reader: into, seen };
}

const body = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const messages = fc.array(fc.record({ type: fc.integer({ min: 0, max: 255 }), body }), { maxLength: 12 });

test('messages are the same, wherever the stream is cut', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }), (sent, sizes) => {
      const { reader: into, seen } = reader();
      const stream = Buffer.concat(sent.map(encode));
      let at = 0;
      for (const size of [...sizes, stream.length]) {
        if (at < stream.length) into.feed(Buffer.from(stream.subarray(at, at + size)));
        at += size;
      }
      expect(seen).toEqual(sent);
    }),
  );
});

test('one byte at a time is a stream as well', () => {
  const sent = [
    { type: 68, body: Buffer.from('row') },
    { type: 90, body: Buffer.from('I') },
    { type: 49, body: Buffer.alloc(0) },
  ];
  const { reader: into, seen } = reader();
  for (const byte of Buffer.concat(sent.map(encode))) into.feed(Buffer.from([byte]));
  expect(seen).toEqual(sent);
});

test('what lies in one chunk is not copied, and what does not is copied once', () => {
  const large = { type: 68, body: Buffer.alloc(1_000, 7) };
  const bytes = encode(large);
  const whole = reader();
  whole.reader.feed(bytes);
  expect(whole.seen[0]?.body.buffer).toBe(bytes.buffer);
  const cut = reader();
  cut.reader.feed(bytes.subarray(0, 400));
  cut.reader.feed(bytes.subarray(400));
  expect(cut.seen).toEqual([large]);
});

test('a length that is none is an error, not a loop', () => {
  for (const length of [0, 3, -1]) {
    const bytes = Buffer.from([68, 0, 0, 0, 0]);
    bytes.writeInt32BE(length, 1);
    expect(() => reader().reader.feed(bytes)).toThrow(RangeError);
  }
});
