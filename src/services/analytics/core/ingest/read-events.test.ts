import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogRecord } from '#kernel/log';
import { createRecordIds, isUuid } from '#kernel/log';
import { createEventReader, type ReadOptions } from './read-events.ts';

const options = { source: 's', nextId: createRecordIds(), now: 1_700_000_000_000, limit: 10, eventSize: 5_000 };

function readEvents(text: string, given: ReadOptions, size = 7) {
  const records: LogRecord[] = [];
  const reader = createEventReader(given, (record) => records.push(record));
  const body = Buffer.from(text);
  for (let at = 0; at < body.length; at += size) reader.push(body.subarray(at, at + size));
  return { ...reader.end(), records };
}
const read = (value: unknown) => readEvents(JSON.stringify(value), options);

test('an event’s fields find their places', () => {
  const { records, isRetry } = read([
    {
      id: 'F47AC10B-58CC-4372-A567-0E02B2C3D479',
      timestamp: 1_700_000_000_000_001,
      event_message: 'm',
      metadata: [{ request: [{ 'user-agent': 'x', empty: '', none: null, deep: {} }], list: [1, 2] }],
      project: 'default',
      'my.field': 1,
    },
  ]);
  expect(isRetry).toBe(false);
  expect(records).toEqual([
    {
      id: 'f47ac10b-58cc-4372-a567-0e02b2c3d479',
      source: 's',
      at: 1_700_000_000_000_001,
      message: 'm',
      metadata: '{"request":{"user_agent":"x","empty":""},"list":[1,2]}',
      extra: '{"my_field":1}',
    },
  ]);
});

test('what is missing is made, and an id of any form is the same each time', () => {
  const [made] = read({ message: 'm' }).records;
  expect(made).toMatchObject({ at: 1_700_000_000_000_000, message: 'm', metadata: '{}' });
  expect(isUuid(made?.id ?? '')).toBe(true);
  const first = read({ id: 'order-1', event_message: 'm' });
  expect(first.isRetry).toBe(true);
  expect(isUuid(first.records[0]?.id ?? '')).toBe(true);
  expect(read({ id: 'order-1' }).records[0]?.id).toBe(first.records[0]?.id);
  expect(read({ id: 'order-2' }).records[0]?.id).not.toBe(first.records[0]?.id);
});

test.each([
  ['no object', [1]],
  ['an array', [[]]],
  ['too deep', [JSON.parse(`${'{"a":'.repeat(60)}1${'}'.repeat(60)}`)]],
  ['too large', [{ message: 'x'.repeat(6_000) }]],
  ['too many', Array.from({ length: 11 }, () => ({}))],
])('is rejected with a reason: %s', (_what, events) => {
  expect(() => read(events)).toThrow(
    expect.objectContaining({ code: 'rejected', status: 406, details: [expect.any(String)] }),
  );
});

test('any value is events or refused', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (text) => {
      try {
        for (const record of readEvents(text, options).records) {
          expect(isUuid(record.id)).toBe(true);
          expect(Number.isSafeInteger(record.at)).toBe(true);
          expect(JSON.parse(record.metadata)).not.toBeInstanceOf(Array);
          expect(JSON.parse(record.metadata)).toBeInstanceOf(Object);
        }
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(bad_body|rejected)$/) });
      }
    }),
  );
});

/** The rules of tidying as they are told, for any value. */
function tidied(value: unknown): unknown {
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'object') return tidied(value[0]);
  if (Array.isArray(value)) {
    const items = value.map(tidied).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (value === null || typeof value !== 'object') return value ?? undefined;
  const entries = Object.entries(value).map(([key, inner]) => [key.replace(/[-.\s]/g, '_'), tidied(inner)]);
  const kept = entries.filter(([, inner]) => inner !== undefined);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

test('fields are tidied alike, whether anything has to be changed or not', () => {
  const event = fc.dictionary(fc.constantFrom('a', 'b c', '__proto__'), fc.jsonValue({ maxDepth: 4 }), {
    noNullPrototype: false,
  });
  fc.assert(
    fc.property(event, (extra) => {
      const text = JSON.stringify({ a: 1, ...extra });
      const [record] = readEvents(text, { ...options, eventSize: 1e6 }).records;
      expect(record?.extra).toBe(JSON.stringify(tidied(JSON.parse(text))));
    }),
  );
});
