import fc from 'fast-check';
import { expect, test } from 'vitest';
import { levelOf, parseServerLogLine } from './log-line.ts';
import { splitMessages } from './process/log-lines.ts';

test('reads the prefix of sessions and of the server itself', () => {
  expect(
    parseServerLogLine(
      '[local] 2026-11-24 02:48:39.888 UTC [15] authenticator@postgres FATAL:  password authentication failed',
    ),
  ).toEqual({
    severity: 'FATAL',
    message: 'password authentication failed',
    pid: 15,
    user: 'authenticator',
    database: 'postgres',
  });
  expect(parseServerLogLine(' 2026-11-24 02:48:39.655 UTC [14331] LOG:  listening on IPv4')).toEqual({
    severity: 'LOG',
    message: 'listening on IPv4',
    pid: 14331,
    user: undefined,
    database: undefined,
  });
  expect(parseServerLogLine('postgres: FATAL:  could not access directory')).toMatchObject({
    severity: 'FATAL',
    message: 'could not access directory',
  });
  expect(parseServerLogLine('error while loading shared libraries')).toMatchObject({ severity: 'LOG', pid: undefined });
});

test('a session’s failure is a warning, the server’s own an error, a stop no news', () => {
  const level = (line: string) => levelOf(parseServerLogLine(line));
  const prefix = '2026-11-24 02:48:39.888 UTC [15] ';
  expect(level(`${prefix}a@b FATAL:  password authentication failed`)).toBe('warn');
  expect(level(`${prefix}a@b FATAL:  terminating connection due to administrator command`)).toBe('debug');
  expect(level(`${prefix}FATAL:  could not write`)).toBe('error');
  expect(level(`${prefix}PANIC:  could not write`)).toBe('fatal');
  expect(level(`${prefix}LOG:  database system is ready to accept connections`)).toBe('debug');
  expect(level(`${prefix}LOG:  redo starts at 0/1`)).toBe('info');
  expect(level(`${prefix}a@b STATEMENT:  select 1`)).toBe('debug');
});

test('no line, whatever it holds, is lost or throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { message } = parseServerLogLine(text);
      expect(text.endsWith(message)).toBe(true);
    }),
  );
});

test('messages come out whole however the bytes arrive', () => {
  const line = fc.stringMatching(/^[a-z][a-z ]{0,20}$/);
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat({ max: 30 })), (lines, cuts) => {
      const seen: string[] = [];
      const push = splitMessages((message) => seen.push(message));
      let rest = lines.map((text) => `${text}\n`).join('');
      for (const cut of cuts) {
        push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      push(rest);
      expect(seen).toEqual(lines);
    }),
  );
});

test('a line that begins with a tab continues its message; one without end is cut', () => {
  const seen: string[] = [];
  const push = splitMessages((message) => seen.push(message));
  push('LOG:  plan:\n\tSeq Scan\n\tFilter\nLOG:  next\n');
  expect(seen).toEqual(['LOG:  plan:\nSeq Scan\nFilter', 'LOG:  next']);
  push('x'.repeat(70_000));
  expect(seen[2]).toHaveLength(70_000);
});
