import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfigFile } from './config-file.ts';

const read = (text: string, env: Record<string, string> = {}) =>
  Object.fromEntries(
    [...parseConfigFile('a.conf', text, (name) => env[name]).entries].map(([name, { value }]) => [name, value]),
  );

describe('a configuration file', () => {
  test('holds texts, numbers, words and lists under the names of the environment', () => {
    expect(
      read(`
        # the database
        db-uri = "postgres://gate@/app" # a comment
        db-schemas = ["api", "other"]
        db-max-rows = 10
        db-aggregates-enabled=true db-plan-enabled = off
        app.settings.Jwt_Exp = "1h"
        app.settings { inner = 3 } app { settings { deep-er = "x" } }`),
    ).toEqual({
      PGRST_DB_URI: 'postgres://gate@/app',
      PGRST_DB_SCHEMAS: 'api,other',
      PGRST_DB_MAX_ROWS: '10',
      PGRST_DB_AGGREGATES_ENABLED: 'true',
      PGRST_DB_PLAN_ENABLED: 'off',
      PGRST_APP_SETTINGS_Jwt_Exp: '1h',
      PGRST_APP_SETTINGS_inner: '3',
      'PGRST_APP_SETTINGS_deep-er': 'x',
    });
  });

  test('may name variables of the environment, and settings that stand above', () => {
    const text = `db-anon-role = "anon"
      jwt-aud = "$(db-anon-role) of $(HOME) for $$5"`;
    expect(read(text, { HOME: '/h' }).PGRST_JWT_AUD).toBe('anon of /h for $5');
  });

  test('says where it cannot be understood', () => {
    for (const [text, message] of [
      ['\n\ndb-uri', 'line 3: = was expected behind db-uri'],
      ['a = "x', 'line 1: a text is not closed'],
      ['a = \n "x\\q"', 'line 2: an escape that is none'],
      ['a = [1', 'line 1: , or ] was expected'],
      ['a = [[1]]', 'line 1: a text in double quotes, a number, true or false was expected'],
      ['a = yes', 'line 1: a text in double quotes, a number, true or false was expected'],
      ['a = truely', 'line 1: a text in double quotes, a number, true or false was expected'],
      ['a = 1\n= 2', 'line 2: a name was expected'],
      ['a { b = 1', 'line 1: a group is not closed'],
      ['a = "$(nothing)"', 'line 1: nothing is called nothing'],
      ['a = "$5"', 'line 1: a dollar has to be written $$'],
      ['import "other.conf"', 'line 1: import is not served'],
      ['a { '.repeat(40), 'line 1: too many groups in each other'],
    ] as const)
      expect(() => read(text), text).toThrow(message);
  });

  test('gives back every text that was written into it', () => {
    const quoted = (text: string) => JSON.stringify(text).replaceAll('$', '$$$$');
    const writable = fc.string({ unit: 'grapheme' }).filter((text) => !/\\[bf]/.test(JSON.stringify(text)));
    fc.assert(fc.property(writable, (text) => void expect(read(`a = ${quoted(text)}`)).toEqual({ PGRST_A: text })));
  });

  test('of any bytes is understood or refused with a line', () => {
    const piece = fc.constantFrom(
      'a',
      '=',
      '"',
      '\\',
      '[',
      ']',
      '{',
      '}',
      ',',
      '$',
      '(',
      ')',
      '#',
      '\n',
      ' ',
      '1',
      'on',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 40 }), (pieces) => {
        try {
          read(pieces.join(''));
        } catch (error) {
          expect((error as Error).message).toMatch(/^line \d+: /);
        }
      }),
    );
  });
});
