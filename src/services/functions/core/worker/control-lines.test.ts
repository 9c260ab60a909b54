import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOutputReader, longestLine, type WorkerOutput } from './control-lines.ts';

const marker = '\u001emarker ';

function read(chunks: readonly Buffer[]): WorkerOutput[] {
  const outputs: WorkerOutput[] = [];
  const reader = createOutputReader(marker, (output) => outputs.push(output));
  for (const chunk of chunks) reader.write(chunk);
  reader.end();
  return outputs;
}

/** A text in pieces that end at any byte. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set(at.map((point) => point % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((from, index) => bytes.subarray(from, ends[index] ?? bytes.length));
}

const event = { t: 'log', level: 'info', text: 'hällo', request: 'r1' };

test('events and printed lines, in whatever pieces they come', () => {
  const printed = fc.string({ unit: 'grapheme-ascii' });
  fc.assert(
    fc.property(fc.array(fc.option(printed, { nil: undefined })), fc.array(fc.nat(5_000)), (lines, points) => {
      const text = lines.map((line) => (line === undefined ? marker + JSON.stringify(event) : line)).join('\n');
      const expected = lines.flatMap((line): WorkerOutput[] =>
        line === undefined ? [{ event: event as never }] : line === '' ? [] : [{ text: line }],
      );
      expect(read(cut(Buffer.from(`${text}\n`), points))).toEqual(expected);
    }),
  );
});

test('an event behind something printed without a line break', () => {
  expect(read([Buffer.from(`printed${marker}${JSON.stringify({ t: 'ready' })}\n`)])).toEqual([
    { text: 'printed' },
    { event: { t: 'ready' } },
  ]);
});

test.each([
  '{',
  'null',
  '[]',
  '{"t":"unknown"}',
  '{"t":"waiting","count":-1}',
  '{"t":"waiting","count":"1"}',
  '{"t":"log","level":"fatal","text":"x"}',
  '{"t":"log","level":"info"}',
  '{"t":"failed"}',
])('what is no event is none: %s', (text) => {
  expect(read([Buffer.from(`${marker}${text}\n`)])).toEqual([]);
});

test('nothing that a function writes throws or grows without bound', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
      for (const output of read(chunks.map((chunk) => Buffer.from(chunk))))
        if ('text' in output) expect(output.text.length).toBeLessThanOrEqual(longestLine);
    }),
  );
  const endless = Array.from({ length: 40 }, () => Buffer.alloc(longestLine, 'x'));
  for (const output of read(endless)) expect('text' in output && output.text.length).toBe(longestLine);
});
