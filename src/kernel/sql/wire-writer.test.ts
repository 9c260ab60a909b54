import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WireWriter } from './wire-writer.ts';

const hex = (writer: WireWriter) => writer.take().toString('hex').replace(/../g, '$& ').trim();
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)))
    .toString('hex')
    .replace(/../g, '$& ')
    .trim();

// PostgreSQL documentation, "Message Formats": type byte, then the length (itself included, the type byte not).
describe('each message as documented', () => {
  test('Parse: name, text, number of parameter types', () => {
    expect(hex(new WireWriter().parse('s1', 'select 1'))).toBe(bytes('P', [0, 0, 0, 18], 's1\0', 'select 1\0', [0, 0]));
  });

  test('Bind of texts: portal, statement, no formats, values, no result formats', () => {
    expect(hex(new WireWriter().bind('s1', ['ä', null, '']))).toBe(
      bytes(
        'B',
        [0, 0, 0, 28],
        '\0',
        's1\0',
        [0, 0],
        [0, 3],
        [0, 0, 0, 2],
        'ä',
        [255, 255, 255, 255],
        [0, 0, 0, 0],
        [0, 0],
      ),
    );
  });

  test('Bind of bytes: a format for every parameter', () => {
    expect(hex(new WireWriter().bind('', ['x', Buffer.from([0, 255]), null]))).toBe(
      bytes(
        'B',
        [0, 0, 0, 33],
        '\0',
        '\0',
        [0, 3],
        [0, 0],
        [0, 1],
        [0, 0],
        [0, 3],
        [0, 0, 0, 1],
        'x',
        [0, 0, 0, 2],
      ).concat(' 00 ff ', bytes([255, 255, 255, 255], [0, 0])),
    );
  });

  test('Describe, Execute, Close and Sync', () => {
    expect(hex(new WireWriter().describePortal())).toBe(bytes('D', [0, 0, 0, 6], 'P\0'));
    expect(hex(new WireWriter().execute())).toBe(bytes('E', [0, 0, 0, 9], '\0', [0, 0, 0, 0]));
    expect(hex(new WireWriter().closeStatement('s1'))).toBe(bytes('C', [0, 0, 0, 8], 'S', 's1\0'));
    expect(hex(new WireWriter().sync())).toBe(bytes('S', [0, 0, 0, 4]));
  });
});

/** Reads messages back by their lengths alone. */
function messages(buffer: Buffer): { type: string; body: Buffer }[] {
  const found = [];
  for (let at = 0; at < buffer.length; ) {
    const length = buffer.readInt32BE(at + 1);
    found.push({ type: buffer.toString('latin1', at, at + 1), body: buffer.subarray(at + 5, at + 1 + length) });
    at += 1 + length;
  }
  return found;
}

function readBind(body: Buffer): { statement: string; values: (Buffer | null)[]; formats: number[] } {
  const end = body.indexOf(0, 1);
  let at = end + 1;
  const int16 = () => {
    at += 2;
    return body.readInt16BE(at - 2);
  };
  const formats = Array.from({ length: int16() }, int16);
  const values = Array.from({ length: int16() }, () => {
    const size = body.readInt32BE(at);
    at += 4;
    if (size < 0) return null;
    at += size;
    return body.subarray(at - size, at);
  });
  expect(int16()).toBe(0);
  expect(at).toBe(body.length);
  return { statement: body.toString('utf8', 1, end), values, formats };
}

const name = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3_000 }),
  fc.uint8Array({ maxLength: 3_000 }).map((array) => Buffer.from(array)),
  fc.constant(null),
);

test('what is written can be read back, however large and in whatever order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ name, text: name, values: fc.array(value, { maxLength: 8 }) })), (steps) => {
      const writer = new WireWriter();
      for (const step of steps) writer.parse(step.name, step.text).bind(step.name, step.values).execute();
      const read = messages(writer.sync().take());
      expect(read.map(({ type }) => type).join('')).toBe(`${'PBE'.repeat(steps.length)}S`);
      steps.forEach((step, index) => {
        const bind = readBind(read[index * 3 + 1]?.body as Buffer);
        expect(bind.statement).toBe(step.name);
        expect(bind.values).toEqual(step.values.map((each) => (each === null ? null : Buffer.from(each as string))));
        const binary = step.values.map((each) => (Buffer.isBuffer(each) ? 1 : 0));
        expect(bind.formats).toEqual(binary.includes(1) ? binary : []);
      });
    }),
  );
});

test('what was taken is not touched by what is written next', () => {
  const writer = new WireWriter();
  const first = writer.parse('a', 'select 1').take();
  const before = Buffer.from(first);
  writer.parse('b', 'x'.repeat(5_000)).take();
  expect(first.equals(before)).toBe(true);
  expect(writer.take()).toHaveLength(0);
});
