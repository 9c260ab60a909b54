import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteName, quoteQualified, quoteText } from './quote.ts';

test('names and texts keep what is in them', () => {
  expect(quoteName('a"b')).toBe('"a""b"');
  expect(quoteQualified('pu.blic', 'To Do')).toBe('"pu.blic"."To Do"');
  expect(quoteText("it's")).toBe("'it''s'");
  expect(quoteText('a\\b')).toBe("E'a\\\\b'");
});

// The server's lexer, for what we write: nothing may stand behind the closing quote.
function readText(sql: string): string | undefined {
  const escapes = sql.startsWith('E');
  const body = escapes ? sql.slice(1) : sql;
  let text = '';
  for (let at = 1; at < body.length; at++) {
    const character = body[at] as string;
    if (character === "'") {
      if (at === body.length - 1) return text;
      if (body[++at] !== "'") return undefined;
      text += "'";
    } else if (character === '\\' && escapes) text += body[++at];
    else text += character;
  }
  return undefined;
}

test('no text leaves its quotes', () =>
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("'", '\\', 'a', ';', '-', '"', '\n') }), (text) => {
      expect(readText(quoteText(text))).toBe(text);
    }),
  ));
