import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConnectionUrl } from './connection-options.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

test.each([
  ['plain', '"plain"'],
  ['Mixed Case', '"Mixed Case"'],
  ['a"b', '"a""b"'],
  ['"; drop table x; --', '"""; drop table x; --"'],
  ['cut\0here', '"cut"'],
  ['', '""'],
])('the identifier %j is written %s', (name, sql) => {
  expect(quoteIdentifier(name)).toBe(sql);
});

test.each([
  ['plain', "'plain'"],
  ["it's", "'it''s'"],
  ['back\\slash', " E'back\\\\slash'"],
  ["\\'; drop", " E'\\\\''; drop'"],
  ['no\0nul', "'nonul'"],
])('the literal %j is written %s', (text, sql) => {
  expect(quoteLiteral(text)).toBe(sql);
});

// What lies between the outer quotes must not be able to end them.
test('nothing gets out of the quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const identifier = quoteIdentifier(text);
      expect(identifier.slice(1, -1).replaceAll('""', '')).not.toContain('"');
      expect(identifier).not.toContain('\0');
      const literal = quoteLiteral(text).trim().replace(/^E/, '');
      const inside = literal.slice(1, -1).replaceAll('\\\\', '').replaceAll("''", '');
      expect(inside).not.toMatch(/['\0]/);
      if (text.includes('\\')) expect(quoteLiteral(text)).toMatch(/^ E'/);
    }),
  );
});

test.each([
  ['postgres://u:p@h:6543/d', { host: 'h', port: 6543, database: 'd', user: 'u', password: 'p' }],
  ['postgresql://u@h', { host: 'h', port: 5432, database: 'u', user: 'u' }],
  ['postgres://h', { host: 'h', port: 5432, database: 'postgres', user: 'postgres' }],
  ['postgres://u%40x:p%2F%3A@h/a%20b', { host: 'h', port: 5432, database: 'a b', user: 'u@x', password: 'p/:' }],
  ['postgres://u@[::1]:1/d', { host: '::1', port: 1, database: 'd', user: 'u' }],
  ['postgres:///d?host=/run/pg&port=5433', { host: '/run/pg', port: 5433, database: 'd', user: 'postgres' }],
  [
    'postgres://u@h/d?sslmode=require&application_name=x&other=1',
    { host: 'h', port: 5432, database: 'd', user: 'u', sslMode: 'require', applicationName: 'x' },
  ],
])('%s', (text, options) => {
  expect(parseConnectionUrl(text)).toEqual(options);
});

test.each(['', 'mysql://h/d', 'postgres://u:p@h:notaport/d', 'host=h dbname=d'])('%j is no such URL', (text) => {
  expect(() => parseConnectionUrl(text)).toThrow('must be a postgres:// URL');
});
