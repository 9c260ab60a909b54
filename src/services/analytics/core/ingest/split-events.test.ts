import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEvents } from '#kernel/log';
import { createEventSplitter } from './split-events.ts';

function split(text: string, size: number): readonly unknown[] | undefined {
  const events: unknown[] = [];
  const splitter = createEventSplitter((event) => events.push(event));
  const body = Buffer.from(text);
  try {
    for (let at = 0; at < body.length; at += size) splitter.push(body.subarray(at, at + size));
    splitter.end();
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return undefined;
  }
  return events;
}

test('an array is split as it would be read, wherever its bytes are cut', () => {
  const size = fc.integer({ min: 1, max: 40 });
  const blank = fc.stringMatching(/^[ \n\t\r]{0,3}$/);
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), size, blank, fc.constantFrom(0, 2), (value, cut, around, indent) => {
      const text = around + JSON.stringify(value, null, indent) + around;
      expect(split(text, cut)).toEqual(parseEvents(text));
    }),
  );
});

test.each([
  ['[1,]', undefined],
  ['[,1]', undefined],
  ['[1', undefined],
  ['[1}', undefined],
  ['[{]}', undefined],
  ['["a]"', undefined],
  ['[1] 2', undefined],
  ['', undefined],
  ['  ', undefined],
  ['x', undefined],
  ['[]', []],
  ['[ ]\n', []],
  ['["],[\\"", "\\\\"]', ['],["', '\\']],
  ['{"a":1}', [{ a: 1 }]],
  ['{"batch":[1,2]}', [1, 2]],
  ['{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
])('%s', (text, events) => {
  for (const size of [1, 3, 100]) expect(split(text, size)).toEqual(events);
});
