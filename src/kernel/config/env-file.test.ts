import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEnvFile } from './env-file.ts';

const outside: Readonly<Record<string, string>> = { HOME: '/home', EMPTY: '' };
const parse = (text: string) => parseEnvFile('.env', text, (name) => outside[name]);
const read = (text: string, key = 'A') => parse(text).entries.get(key)?.value;

// Docker Compose documentation, "Set environment variables": `.env` file syntax.
describe('one assignment', () => {
  test.each([
    ['A=plain', 'plain'],
    ['A = spaced ', 'spaced'],
    ['\tA=indented', 'indented'],
    ['export A=exported', 'exported'],
    ['A=', ''],
    ['A=""', ''],
    ['A=with=equals/and/slashes', 'with=equals/and/slashes'],
    ['A=value # comment', 'value'],
    ['A=value#no-comment', 'value#no-comment'],
    ['A=#only a comment', ''],
    ["A='single $HOME \\n'", 'single $HOME \\n'],
    ["A='Let\\'s go'", "Let's go"],
    ["A='a # kept' # comment", 'a # kept'],
    ['A="double $HOME"', 'double /home'],
    ['A="a # kept" # comment', 'a # kept'],
    ['A="tab\\tline\\nquote\\"backslash\\\\"', 'tab\tline\nquote"backslash\\'],
    ['A="unknown \\q escape"', 'unknown \\q escape'],
    ['A="{\\"json\\": true}"', '{"json": true}'],
    ['A="two\nlines"', 'two\nlines'],
    ["A='two\nlines'", 'two\nlines'],
    ['A="cost: \\$5"', 'cost: $5'],
    ['A=$HOME', '/home'],
    ['A=${HOME}/x', '/home/x'],
    ['A=${NONE}', ''],
    ['A=$$HOME', '$HOME'],
    ['A=100$', '100$'],
    ['A=${broken', '${broken'],
    ['A=${NONE:-fallback}', 'fallback'],
    ['A=${EMPTY:-fallback}', 'fallback'],
    ['A=${EMPTY-fallback}', ''],
    ['A=${NONE-fallback}', 'fallback'],
    ['A=${HOME:+set}', 'set'],
    ['A=${EMPTY:+set}', ''],
    ['A=${EMPTY+set}', 'set'],
    ['A=${NONE:-${EMPTY:-${HOME}}}', '/home'],
    ["A='${HOME}'", '${HOME}'],
  ])('%j is %j', (text, value) => {
    expect(read(text)).toBe(value);
  });
});

test('of a key given twice the last counts, and earlier lines can be used in later ones', () => {
  const file = parse('A=1\nB=${A}2\nA=3\nC=${A}');
  expect(file.entries.get('A')).toEqual({ value: '3', line: 3 });
  expect(file.entries.get('B')).toEqual({ value: '12', line: 2 });
  expect(file.entries.get('C')?.value).toBe('3');
});

test('the file is stronger than the environment inside interpolation', () => {
  expect(read('HOME=/mine\nA=$HOME')).toBe('/mine');
});

test('lines are counted over comments, blanks, values of several lines, CRLF and a byte order mark', () => {
  const file = parse('\uFEFF# first\r\n\r\nA="x\r\ny"\r\nB=1\r\n');
  expect(file.entries.get('A')).toEqual({ value: 'x\ny', line: 3 });
  expect(file.entries.get('B')).toEqual({ value: '1', line: 5 });
  expect(file.malformed).toEqual([]);
});

test('what is no assignment is reported by line and costs no other line', () => {
  const file = parse('just words\n=x\n1A=x\nA="never closed\nB=2\n');
  expect(file.malformed).toEqual([1, 2, 3, 4]);
  expect([...file.entries.keys()]).toEqual(['B']);
});

const key = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/);
const printable = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll('\r', ''));

test('what is written with double quotes is read back, whatever it is', () => {
  const written = (value: string) => value.replace(/[\\"$]/g, (special) => `\\${special}`);
  fc.assert(
    fc.property(fc.dictionary(key, printable, { noNullPrototype: true }), (values) => {
      const text = Object.entries(values)
        .map(([name, value]) => `${name}="${written(value)}"`)
        .join('\n');
      const { entries, malformed } = parse(text);
      expect(malformed).toEqual([]);
      expect(Object.fromEntries([...entries].map(([name, { value }]) => [name, value]))).toEqual(values);
    }),
  );
});

test('what is written with single quotes is literal', () => {
  fc.assert(
    fc.property(printable, (value) => {
      const literal = value.replaceAll('\\', '');
      expect(read(`A='${literal.replaceAll("'", "\\'")}'`)).toBe(literal);
    }),
  );
});

test('no text makes it fail, and every line it names exists', () => {
  const piece = fc.constantFrom('A', '=', '"', "'", '\\', '$', '{', '}', ':-', '#', ' ', '\n', '\r\n', 'export ', 'x');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
      ),
      (text) => {
        const { entries, malformed } = parse(text);
        const lines = text.split(/\r?\n/).length;
        for (const line of [...malformed, ...[...entries.values()].map((entry) => entry.line)]) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines);
        }
      },
    ),
    { numRuns: 500 },
  );
});
