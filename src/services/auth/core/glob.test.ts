import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob } from './glob.ts';

const cases: readonly [pattern: string, text: string, matches: boolean][] = [
  ['http://localhost:8000/*', 'http://localhost:8000/path', true],
  ['http://localhost:8000/*', 'http://localhost:8000/path?param=1', true],
  ['http://localhost:8000/*', 'http://localhost:8000/', true],
  ['http://localhost:8000/*', 'http://localhost:8000/path/to/page', false],
  ['http://localhost:8000/*', 'http://localhost:8000/file.html', false],
  ['http://*.localhost:8000/*', 'http://a.b.localhost:8000/x', false],
  ['http://*:12345/*', 'http://127.0.0.1:12345/x', false],
  ['http://**:12345/*', 'http://127.0.0.1:12345/x', true],
  ['com.app://**', 'com.app://callback/a.b?c=d', true],
  ['com.app://**', 'com_app://callback', false],
  ['https://?.example', 'https://a.example', true],
  ['https://?.example', 'https://..example', false],
  ['[abc]x', 'bx', true],
  ['[abc]x', 'dx', false],
  ['[!abc]x', 'dx', true],
  ['[!abc]x', 'ax', false],
  ['[a-c1-3]', '2', true],
  ['[a-c1-3]', '4', false],
  ['https://{a,b}.example/*', 'https://b.example/x', true],
  ['https://{a,b}.example/*', 'https://c.example/x', false],
  ['{x,y{1,2}}z', 'y2z', true],
  ['{x,y{1,2}}z', 'yz', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['', '', true],
  ['*', '', true],
  ['{,a}b', 'b', true],
];

describe('glob', () => {
  it.each(cases)('%s against %s is %s', (pattern, text, matches) => {
    expect(compileGlob(pattern).matches(text)).toBe(matches);
  });

  it.each(['[abc', '{a,b', 'a}', '[]', 'a\\', '{a,{b}'])('refuses %s', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow();
  });

  it('takes text with its special characters escaped as itself alone', () => {
    const escaped = (text: string) => text.replace(/[*?[\]{}\\,!-]/g, '\\$&');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, other) => {
        const glob = compileGlob(escaped(text));
        expect(glob.matches(text)).toBe(true);
        expect(glob.matches(other)).toBe(text === other);
      }),
    );
  });

  it('matches any prefix and suffix around ** and never a separator by *', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
        const escaped = (text: string) => text.replace(/[*?[\]{}\\,!-]/g, '\\$&');
        expect(compileGlob(`${escaped(a)}**${escaped(b)}`).matches(a + c + b)).toBe(true);
        expect(compileGlob('*').matches(c)).toBe(!/[./]/.test(c));
      }),
    );
  });

  it('is not slowed down by patterns that make others backtrack', () => {
    const glob = compileGlob(`${'**a'.repeat(30)}b`);
    const before = performance.now();
    expect(glob.matches('a'.repeat(4_000))).toBe(false);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});
