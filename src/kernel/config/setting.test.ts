import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskedValue, renderReference } from './reference.ts';
import { boolean, bytes, duration, integer, json, list, oneOf, type Setting, string, url } from './setting.ts';

const names = { name: 'X', help: 'What it is.' };
const read = (setting: Setting<unknown>, text: string): unknown => setting.parse(text);

describe('what is accepted', () => {
  test.each<[string, Setting<unknown>, string, unknown]>([
    ['text', string(names), ' as it is ', ' as it is '],
    ['whole number', integer({ ...names, min: -5 }), ' -3 ', -3],
    ['true', boolean(names), ' Yes ', true],
    ['on', boolean(names), 'on', true],
    ['false', boolean(names), '0', false],
    ['off', boolean(names), 'OFF', false],
    ['seconds', duration(names), '1.5', 1_500],
    ['bare milliseconds', duration({ ...names, bare: 'ms' }), '250', 250],
    ["Go's duration", duration(names), '1h30m', 5_400_000],
    ['milliseconds', duration(names), '250ms', 250],
    ['bytes', bytes(names), '52428800', 52_428_800],
    ['megabytes', bytes(names), '50MB', 52_428_800],
    ['kilobytes', bytes(names), '512 kB', 524_288],
    ['list', list(names), ' a , b,, c ', ['a', 'b', 'c']],
    ['URL', url(names), 'https://example.com/x//', 'https://example.com/x'],
    ['word', oneOf({ ...names, values: ['a', 'b'] }), ' b ', 'b'],
    ['JSON', json({ ...names, check: (value) => value }), '{"a":[1]}', { a: [1] }],
  ])('%s', (_name, setting, text, value) => {
    expect(read(setting, text)).toEqual(value);
  });
});

describe('what is refused says what would be right', () => {
  test.each<[Setting<unknown>, string, string]>([
    [string({ ...names, minLength: 3 }), 'ab', 'must have at least 3 characters'],
    [string({ ...names, pattern: [/^\d+$/, 'must be digits'] }), 'x', 'must be digits'],
    [integer(names), '1.5', 'must be a whole number'],
    [integer(names), '0x10', 'must be a whole number'],
    [integer(names), '99999999999999999999', 'must be a whole number'],
    [integer({ ...names, max: 5 }), '6', 'must be between 0 and 5'],
    [integer(names), '-1', `must be between 0 and ${Number.MAX_SAFE_INTEGER}`],
    [boolean(names), 'perhaps', 'must be true or false'],
    [duration(names), '10 parsecs', 'must be a duration such as 30s, 5m or 1h30m'],
    [duration({ ...names, max: 1_000 }), '2s', 'must be between 0 ms and 1000 ms'],
    [bytes(names), '1.5MB', 'must be a number of bytes such as 1048576 or 1MB'],
    [bytes({ ...names, min: 1_024 }), '1', 'must be between 1024 and … bytes'],
    [list({ ...names, item: [/^\w+:\w+$/, 'must be a:b'] }), 'a:b, c', 'must be a:b'],
    [url(names), 'example.com', 'must be an absolute URL such as https://example.com'],
    [url({ ...names, protocols: ['https'] }), 'http://example.com', 'must begin with https://'],
    [oneOf({ ...names, values: ['a', 'b'] }), 'c', 'must be one of a, b'],
    [json({ ...names, check: (value) => value }), '{', 'must be valid JSON'],
  ])('%#', (setting, text, message) => {
    expect(() => read(setting, text)).toThrow(new Error(message));
  });
});

test('numbers keep their value and their bounds', () => {
  const setting = integer({ ...names, min: -100, max: 100 });
  fc.assert(
    fc.property(fc.integer({ min: -1_000, max: 1_000 }), (value) => {
      if (value < -100 || value > 100) expect(() => setting.parse(String(value))).toThrow('between');
      else expect(setting.parse(String(value))).toBe(value);
    }),
  );
});

test('every duration Go prints is read', () => {
  const part = fc.nat({ max: 1_000 });
  fc.assert(
    fc.property(part, part, part, part, (h, m, s, ms) => {
      const value = duration(names).parse(`${h}h${m}m${s}s${ms}ms`);
      expect(value).toBe(((h * 60 + m) * 60 + s) * 1_000 + ms);
    }),
  );
});

test('a parser either gives a value or says why not in one line', () => {
  const settings = [integer(names), boolean(names), duration(names), bytes(names), list(names), url(names)];
  fc.assert(
    fc.property(fc.constantFrom(...settings), fc.string(), (setting, text) => {
      try {
        setting.parse(text);
      } catch (error) {
        expect((error as Error).message).toMatch(/^must [^\n]+$/);
      }
    }),
  );
});

describe('the reference', () => {
  const schema = {
    secret: string({ name: 'TOKEN', secret: true, default: 'hidden', help: 'Opens doors.' }),
    mode: oneOf({ name: 'MODE', values: ['a', 'b'], default: 'a', original: ['OLD_MODE'], help: 'How.' }),
    list: list({ name: 'LIST', default: ['x', 'y'], help: 'Which.' }),
    none: string({ name: 'NONE', help: 'Nothing.' }),
  };

  test('has a row for every setting with all its names, and shows no secret', () => {
    const text = renderReference([{ name: 'room', schema }]);
    expect(text.split('\n')).toEqual([
      '## room',
      '',
      '| name | type | default | meaning |',
      '|---|---|---|---|',
      '| `TOKEN` | text | `••••••••` | Opens doors. Secret. |',
      '| `MODE` | a \\| b | `a` | How. Also: `OLD_MODE`. |',
      '| `LIST` | list | `x,y` | Which. |',
      '| `NONE` | text |  | Nothing. |',
      '',
    ]);
  });

  test('a duration is shown so that it can be given again', () => {
    const setting = duration({ ...names, bare: 'ms' });
    fc.assert(
      fc.property(fc.nat({ max: 100_000_000 }), fc.constantFrom(1, 1_000, 60_000), (count, unit) => {
        const value = count * unit;
        expect(setting.parse(maskedValue(setting, value))).toBe(value);
      }),
    );
    expect([0, 250, 1_500, 90_000, 7_200_000].map((value) => maskedValue(setting, value))).toEqual([
      '0',
      '250ms',
      '1500ms',
      '90s',
      '2h',
    ]);
  });

  test('shows values of any kind', () => {
    expect(maskedValue(schema.none, undefined)).toBe('');
    const keys = list({ name: 'KEYS', secret: true, default: [], help: 'None.' });
    expect([[], ['a']].map((value) => maskedValue(keys, value))).toEqual(['', '••••••••']);
    expect(maskedValue(schema.none, { a: 1 })).toBe('{"a":1}');
    expect(maskedValue(schema.secret, 'x')).not.toContain('x');
  });
});
