import { expect, test } from 'vitest';
import { encodeFilePath, nameProblem } from './paths.ts';

test('parts of a path are escaped, its slashes kept', () => {
  expect(encodeFilePath('lib/a b#.ts')).toBe('lib/a%20b%23.ts');
});

test('names that cannot be are told apart', () => {
  expect(nameProblem('send-mail_2', [])).toBeUndefined();
  expect(nameProblem('2fa', [])).toMatch(/a letter first/);
  expect(nameProblem('a/b', [])).toMatch(/Letters/);
  expect(nameProblem('main', [])).toBe('main is reserved');
  expect(nameProblem('hello', ['hello'])).toBe('There is a function of that name');
});
