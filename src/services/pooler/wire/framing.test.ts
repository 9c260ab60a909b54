import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorFields, errorFromFields, errorMessage, requestCode, startupMessage } from './messages.ts';
import { Outstanding } from './outstanding.ts';
import { packetLength, parseFirstPacket } from './startup-packet.ts';

const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0'));

test('a StartupMessage comes back as it went', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(word, word), { selector: ([name]) => name }), (parameters) => {
      const packet = startupMessage(parameters);
      expect(packetLength(packet)).toBe(packet.length);
      expect(parseFirstPacket(packet)).toEqual({
        kind: 'startup',
        major: 3,
        minor: 0,
        parameters: new Map(parameters),
      });
    }),
  );
});

test('any bytes are either something or malformed', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(196_608, ...Object.values(requestCode)),
      (bytes, code) => {
        const packet = Buffer.concat([Buffer.alloc(8), bytes]);
        packet.writeUInt32BE(packet.length, 0);
        packet.writeUInt32BE(code, 4);
        const { kind } = parseFirstPacket(packet);
        if (code === requestCode.ssl) expect(kind).toBe(bytes.length === 0 ? 'ssl-request' : 'malformed');
        expect(parseFirstPacket(Buffer.from(bytes)).kind).toMatch(/startup|malformed|request/);
      },
    ),
    { numRuns: 500 },
  );
});

test('errors have their fields', () => {
  const error = { severity: 'FATAL', code: 'XX000', message: 'no', hint: 'yes' } as const;
  const fields = errorFields(errorMessage(error).subarray(5));
  expect(Object.fromEntries(fields)).toEqual({ S: 'FATAL', V: 'FATAL', C: 'XX000', M: 'no', H: 'yes' });
  expect(errorFromFields(fields)).toEqual(errorMessage(error));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void errorFields(Buffer.from(bytes))));
});

test('a count of answers against questions', () => {
  const books = new Outstanding();
  books.unsynced = true;
  books.sync();
  books.query();
  books.ready();
  expect(books.isIdle).toBe(false);
  books.ready();
  expect(books.isIdle).toBe(true);
  // A Sync that a COPY swallows has no answer.
  books.unsynced = true;
  books.sync();
  books.copyStarted();
  books.copyEnd();
  expect(books.isIdle).toBe(false);
  books.sync();
  books.ready();
  expect(books.isIdle).toBe(true);
  // Query in the middle of a series whose fate is open: the connection stays.
  books.unsynced = true;
  books.query();
  books.sync();
  books.ready();
  books.ready();
  expect(books.isIdle).toBe(false);
});

test('what an error skipped is undone in reverse order, what came before it stays done', () => {
  const books = new Outstanding();
  const log: string[] = [];
  const action = (name: string) =>
    ({ kind: 'own', done: () => log.push(`done ${name}`), undo: () => log.push(`undo ${name}`) }) as const;
  for (const name of ['a', 'b', 'c']) books.expect(action(name));
  books.sync();
  books.expect(action('d'));
  books.sync();
  books.completed();
  books.failed();
  books.ready();
  books.completed();
  books.ready();
  expect(log).toEqual(['done a', 'undo c', 'undo b', 'done d']);
});
