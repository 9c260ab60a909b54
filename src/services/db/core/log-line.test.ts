import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinAdditions, levelOf, logLinePrefix, parseServerLogLine } from './log-line.ts';
import { splitMessages } from './process/log-lines.ts';

/** A prefix as the server writes it. */
function prefixOf(fields: Readonly<Record<string, string>>): string {
  const values: Readonly<Record<string, string>> = {
    '%m': '2026-11-24 02:48:39.888 UTC',
    '%p': '15',
    '%c': '6a3c.f',
    '%l': '1',
    '%x': '0',
    '%e': '00000',
    '%Q': '0',
    ...fields,
  };
  return logLinePrefix.replaceAll(/%./g, (sequence) => values[sequence] ?? '');
}

test('reads the prefix of sessions and of the server itself', () => {
  const session = prefixOf({
    '%u': 'authenticator',
    '%d': 'postgres',
    '%e': '28P01',
    '%b': 'client backend',
    '%h': '[local]',
    '%a': 'psql ERROR:  no',
    '%x': '701',
  });
  expect(parseServerLogLine(`${session}FATAL:  password authentication failed`)).toEqual({
    severity: 'FATAL',
    message: 'password authentication failed',
    pid: 15,
    user: 'authenticator',
    database: 'postgres',
    at: Date.UTC(2026, 10, 24, 2, 48, 39, 888),
    fields: {
      error_severity: 'FATAL',
      process_id: 15,
      session_id: '6a3c.f',
      session_line_num: 1,
      transaction_id: 701,
      sql_state_code: '28P01',
      backend_type: 'client backend',
      connection_from: '[local]',
      application_name: 'psql ERROR:  no',
      user_name: 'authenticator',
      database_name: 'postgres',
    },
  });
  expect(parseServerLogLine(`${prefixOf({ '%p': '14331' })}LOG:  listening on IPv4`)).toMatchObject({
    severity: 'LOG',
    message: 'listening on IPv4',
    pid: 14331,
    user: undefined,
    database: undefined,
  });
  expect(parseServerLogLine(`${prefixOf({ '%m': '2026-11-24 02:48:39.888 CET' })}LOG:  x`).at).toBeUndefined();
  expect(parseServerLogLine('postgres: FATAL:  could not access directory')).toMatchObject({
    severity: 'FATAL',
    message: 'could not access directory',
  });
  expect(parseServerLogLine('error while loading shared libraries')).toMatchObject({ severity: 'LOG', pid: undefined });
});

test('a session’s failure is a warning, the server’s own an error, a stop no news', () => {
  const level = (line: string) => levelOf(parseServerLogLine(line));
  const own = prefixOf({});
  const session = prefixOf({ '%u': 'a', '%d': 'b' });
  expect(level(`${session}FATAL:  password authentication failed`)).toBe('warn');
  expect(level(`${session}FATAL:  terminating connection due to administrator command`)).toBe('debug');
  expect(level(`${own}FATAL:  could not write`)).toBe('error');
  expect(level(`${own}PANIC:  could not write`)).toBe('fatal');
  expect(level(`${own}LOG:  database system is ready to accept connections`)).toBe('debug');
  expect(level(`${session}LOG:  logical decoding found consistent point at 0/20583C0`)).toBe('debug');
  expect(level(`${session}LOG:  starting logical decoding for slot "a"`)).toBe('debug');
  expect(level(`${own}LOG:  redo starts at 0/1`)).toBe('info');
  expect(level(`${session}STATEMENT:  select 1`)).toBe('debug');
});

test('what is said more of a message goes to that message, and only to its own session’s', () => {
  const line = (pid: string, text: string) => parseServerLogLine(prefixOf({ '%p': pid }) + text);
  const joined = joinAdditions([
    line('1', 'DETAIL:  of something earlier'),
    line('1', 'ERROR:  no'),
    line('1', 'DETAIL:  because'),
    line('1', 'STATEMENT:  select 1'),
    line('2', 'HINT:  of another'),
    line('2', 'LOG:  yes'),
  ]);
  expect(joined.map(({ severity }) => severity)).toEqual(['DETAIL', 'ERROR', 'HINT', 'LOG']);
  expect(joined[1]?.fields).toMatchObject({ detail: 'because', query: 'select 1' });
});

test('no line, whatever it holds, is lost or throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (given, hasPrefix) => {
      const text = hasPrefix ? prefixOf({}) + given : given;
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
