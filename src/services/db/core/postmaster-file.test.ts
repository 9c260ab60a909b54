import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePostmasterFile } from './postmaster-file.ts';

const complete = '4711\n/data\n1700000000\n5432\n/run/x\n127.0.0.1\n   123456     98304\nready   \n';

test('reads a running server’s file', () => {
  expect(parsePostmasterFile(complete)).toEqual({
    pid: 4711,
    dataDir: '/data',
    port: 5432,
    socketDir: '/run/x',
    status: 'ready',
  });
  expect(parsePostmasterFile('-4711\n/data\n')?.pid).toBe(4711);
  expect(parsePostmasterFile('4711\n/data\n1\n\n\n')).toMatchObject({ port: undefined, socketDir: undefined });
});

test('a file cut short anywhere is read as far as it goes or not at all', () => {
  for (let length = 0; length < complete.length; length++) {
    const read = parsePostmasterFile(complete.slice(0, length));
    if (read?.status === 'ready') expect(read.pid).toBe(4711);
    if (length < 6) expect(read).toBeUndefined();
  }
});

test('anything else is no such file, and nothing throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (first, second) => {
      const read = parsePostmasterFile(`${first}\n${second}`);
      if (read) expect(Number.isSafeInteger(read.pid) && read.pid > 0 && read.dataDir !== '').toBe(true);
    }),
  );
});
