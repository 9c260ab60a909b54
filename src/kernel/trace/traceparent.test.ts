import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTraceParent, parseTraceParent } from './traceparent.ts';

const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((list) => list.join(''))
    .filter((text) => !/^0+$/.test(text));
const parent = fc.record({ traceId: hex(32), spanId: hex(16), flags: fc.nat({ max: 255 }) });

test('what is written is read back', () => {
  fc.assert(
    fc.property(parent, (given) => {
      expect(parseTraceParent(formatTraceParent(given))).toEqual(given);
    }),
  );
});

test('whatever stands there, it is understood or there is none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constant(undefined), parent.map(formatTraceParent)), (text) => {
      const read = parseTraceParent(text);
      if (read) expect(String(text)).toContain(`${read.traceId}-${read.spanId}`);
    }),
  );
});

const [trace, span] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
test.each([
  [`00-${trace}-${span}-01`, true],
  [`cc-${trace}-${span}-01-what-comes-later`, true],
  [`00-${trace}-${span}-01-more`, false],
  [`ff-${trace}-${span}-01`, false],
  [`00-${'0'.repeat(32)}-${span}-01`, false],
  [`00-${trace}-${'0'.repeat(16)}-01`, false],
  [`00-${trace.toUpperCase()}-${span}-01`, false],
  [`00-${trace}-${span}`, false],
  [[`00-${trace}-${span}-01`], false],
])('the header %j is understood: %s', (header, understood) => {
  expect(parseTraceParent(header) !== undefined).toBe(understood);
});
