import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { createRedactor, redactUrl } from './redact.ts';

/** Everything a logger with these secrets writes while `work` runs. */
function written(secrets: readonly string[], work: (log: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  const destination = {
    write: (line: string) => {
      text += line;
    },
  };
  work(createLogger({ level: 'trace', redact: createRedactor(secrets), destination }));
  return text;
}

// Secrets come from the environment: any text, but long enough to be told from an ordinary word, and no part of the mask.
const secret = fc
  .string({ unit: 'grapheme', minLength: 6, maxLength: 40 })
  .filter((text) => !'[redacted]'.includes(text));
const place = fc.constantFrom('message', 'field', 'nested', 'error', 'key', 'url', 'child');

test('a secret never appears, wherever it is put', () => {
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), place, (hidden, before, after, where) => {
      const text = before + hidden + after;
      const line = written([hidden], (log) => {
        if (where === 'message') log.info({}, text);
        if (where === 'field') log.info({ field: text });
        if (where === 'nested') log.info({ a: [{ b: text }] });
        if (where === 'error') log.error({ err: new Error(text, { cause: new Error(text) }) });
        if (where === 'key') log.info({ [text]: 1 });
        if (where === 'url')
          log.info({ url: `postgres://user:${encodeURIComponent(Buffer.from(hidden).toString())}@host` });
        if (where === 'child') log.child({ bound: text }).warn({}, 'x');
      });
      expect(line).not.toBe('');
      // Neither in the line as it stands, nor in what somebody reads out of it.
      expect(line).not.toContain(hidden);
      expect(line).not.toContain(JSON.stringify(hidden).slice(1, -1));
    }),
    { numRuns: 500 },
  );
});

test('of secrets inside one another the longer goes whole', () => {
  const line = written(['secret-one', 'secret-one-and-more'], (log) => log.info({}, 'x secret-one-and-more y'));
  expect(line).toContain('x [redacted] y');
});

test('secrets that come later are hidden from then on, beside the earlier ones', () => {
  const redact = createRedactor(['first-secret']);
  redact.hide(['second-secret', undefined]);
  expect(redact('first-secret second-secret')).toBe('[redacted] [redacted]');
});

test('words too short to be secrets stay', () => {
  expect(createRedactor(['abc', undefined])('abc def')).toBe('abc def');
});

describe('what is never right in a log is masked without being named', () => {
  const redact = createRedactor([]);

  test('tokens', () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'HS256' })}.${part({ sub: 'somebody' })}.c2lnbmF0dXJl`;
    expect(redact(`Bearer ${token}, again ${token}`)).toBe('Bearer [redacted], again [redacted]');
  });

  test.each([
    ['sb_secret_abcdefgh12345', '[redacted]'],
    ['key=sb_publishable_abcdefgh.', 'key=[redacted].'],
    ['postgres://me:pass@host:5432/db', 'postgres://me:[redacted]@host:5432/db'],
    ['smtp://u:p%40ss@host and nats://a:b@c', 'smtp://u:[redacted]@host and nats://a:[redacted]@c'],
    ['postgres://me@host/db?x=a:b@c', 'postgres://me@host/db?x=a:b@c'],
    ['plain text with eyJ in it', 'plain text with eyJ in it'],
  ])('%s', (text, masked) => {
    expect(redact(text)).toBe(masked);
  });
});

test.each([
  ['/rest/v1/todos?select=id&apikey=abc&id=eq.1', '/rest/v1/todos?select=id&apikey=[redacted]&id=eq.1'],
  ['/verify?token=abc&type=signup', '/verify?token=[redacted]&type=signup'],
  ['/x?ACCESS_TOKEN=abc#refresh_token=kept', '/x?ACCESS_TOKEN=[redacted]#refresh_token=kept'],
  ['/s3?X-Amz-Signature=abc&X-Amz-Date=1', '/s3?X-Amz-Signature=[redacted]&X-Amz-Date=[redacted]'],
  ['/token', '/token'],
])('the target %s is logged as %s', (url, logged) => {
  expect(redactUrl(url)).toBe(logged);
});

test('a line is one JSON object with a level and a time', () => {
  const line = written([], (log) => log.warn({ room: 'auth', a: 1 }, 'a message'));
  expect(line.endsWith('\n')).toBe(true);
  expect(JSON.parse(line)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    room: 'auth',
    a: 1,
    msg: 'a message',
  });
});

test('lines below the level are not written', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: 'warn', redact: createRedactor([]), destination });
  log.info({}, 'quiet');
  log.error({}, 'loud');
  expect(lines).toHaveLength(1);
  expect(log.isLevelEnabled('info')).toBe(false);
});

test('secrets that have become known later are hidden until they are let go, and as long as anybody has them', () => {
  const redact = createRedactor(['first-secret']);
  const forget = [redact.hide(['second-secret', 'first-secret']), redact.hide(['second-secret', 'third-secret'])];
  const shown = () => redact('first-secret second-secret third-secret');
  expect(shown()).toBe('[redacted] [redacted] [redacted]');
  forget[1]?.();
  expect(shown()).toBe('[redacted] [redacted] third-secret');
  forget[0]?.();
  forget[0]?.();
  expect(shown()).toBe('[redacted] second-secret third-secret');
});
