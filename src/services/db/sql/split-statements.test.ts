import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScriptError, splitStatements } from './split-statements.ts';

const texts = (script: string): string[] => splitStatements(script).map((statement) => statement.text);

/** What a script is refused with. */
function refusal(script: string): { message: string; line: number } {
  try {
    splitStatements(script);
  } catch (error) {
    if (error instanceof ScriptError) return { message: error.message, line: error.line };
    throw error;
  }
  throw new Error('the script was accepted');
}

describe('splitStatements', () => {
  it.each([
    ['nothing', '', []],
    ['semicolons and comments only', ' ; -- a\n/* b */;', []],
    ['a last statement without semicolon', 'select 1', ['select 1']],
    ['several on one line', 'select 1;select 2 ; ', ['select 1', 'select 2']],
    ['strings', `select 'a;b', 'it''s;';select 2`, [`select 'a;b', 'it''s;'`, 'select 2']],
    ['a backslash that escapes nothing', `select 'a\\';select 2`, [`select 'a\\'`, 'select 2']],
    ['a backslash that does', `select E'a\\';b';select 2`, [`select E'a\\';b'`, 'select 2']],
    ['a name that only ends in e', `select name'a\\';select 2`, [`select name'a\\'`, 'select 2']],
    ['a continued escape string', `select e'a'\n  '\\';b';select 2`, [`select e'a'\n  '\\';b'`, 'select 2']],
    ['a continuation past a comment', `select e'a' -- c\n '\\';';select 2`, [`select e'a' -- c\n '\\';'`, 'select 2']],
    ['quoted identifiers', 'select ";""; " from t;x', ['select ";""; " from t', 'x']],
    ['dollar quotes', 'do $$ a; $b$ $$;do $a$ $$; $a$', ['do $$ a; $b$ $$', 'do $a$ $$; $a$']],
    ['a dollar inside a name', 'select a$b$;select c$b$', ['select a$b$', 'select c$b$']],
    ['parameters', 'select $1;select $2', ['select $1', 'select $2']],
    ['nested comments', 'select /* a /* ; */ ; */ 1;select 2', ['select /* a /* ; */ ; */ 1', 'select 2']],
    ['comments before a statement', '-- why;\nselect 1;', ['-- why;\nselect 1']],
    ['an operator that ends in a comment', 'select 1 +-- ;\n2;select 3', ['select 1 +-- ;\n2', 'select 3']],
    [
      'a rule',
      'create rule r as on insert to t do (select 1; select 2);select 3',
      ['create rule r as on insert to t do (select 1; select 2)', 'select 3'],
    ],
    ['a byte order mark', '\ufeffselect 1', ['select 1']],
    ['commands of newer dumps', '\\restrict abc\nselect 1;\n\\unrestrict abc\n', ['select 1']],
  ])('%s', (_name, script, expected) => {
    expect(texts(script)).toEqual(expected);
  });

  it('keeps the bodies of SQL-standard functions together', () => {
    const body = `create or replace function f(a int) returns int language sql
begin atomic
  select case when a > 0 then 1 else 2 end;
  select 3;
end`;
    expect(texts(`${body};select 1;`)).toEqual([body, 'select 1']);
    expect(texts('create procedure p() begin atomic insert into t values (1); end; select 2')).toHaveLength(2);
  });

  it('does not take BEGIN and CASE outside of functions for a body', () => {
    expect(texts('begin; select case when true then 1 end; end; create table a(); commit')).toHaveLength(5);
  });

  it('counts lines, with and without the comments before a statement', () => {
    const [first, second] = splitStatements('-- one\n\n/* two\n*/ select 1;\n\n\n  select\n 2;');
    expect(first).toMatchObject({ line: 1, headLine: 4 });
    expect(second).toMatchObject({ line: 7, headLine: 7 });
  });

  it('names the first words, but none that are quoted', () => {
    const [statement] = splitStatements(`/* x */ CREATE Unique INDEX Concurrently "vacuum" ON t ('begin')`);
    expect(statement?.words).toEqual(['create', 'unique', 'index', 'concurrently', 'on', 't']);
  });

  it.each([
    ['a string', "select 1;\nselect 'a", 'unterminated quoted string', 2],
    ['an identifier', '\n\n"a', 'unterminated quoted identifier', 3],
    ['a dollar quote', 'do $x$ $$', 'unterminated dollar-quoted string $x$', 1],
    ['a comment', 'select 1;\n/* /* */', 'unterminated comment', 2],
    ['a psql command', "select 1;\n\n\\copy t from 'x'", 'psql command \\copy is not SQL and cannot be run here', 3],
    ['a psql command behind a query', 'select 1\n\\gexec', 'psql command \\gexec is not SQL and cannot be run here', 2],
    [
      'data for COPY',
      'a;\ncopy t (a, b) from stdin;\n1\t2\n\\.',
      'COPY FROM stdin needs psql, which sends the data; use INSERT',
      2,
    ],
    ['a zero byte', 'select\n1\0', 'a zero byte is not SQL', 2],
  ])('refuses %s with its line', (_name, script, message, line) => {
    expect(refusal(script)).toEqual({ message, line });
  });
});

describe('properties', () => {
  const noise = fc.constantFrom(' ', '\n', '\t', '-- ; \' " $$ /* \\\n', '/* ; \' " $$ */', '/* /* ; */ -- */');
  const token = fc.oneof(
    fc.constantFrom('select', 'a1', 'e', 'case', '42', '1.5e3', '$1', '<=', '::', ',', '(a; b)', '"a"";b"', 'größe'),
    fc.string({ unit: 'grapheme' }).map((text) => `'${text.replaceAll('\0', '').replaceAll("'", "''")}'`),
    fc.string({ unit: 'grapheme' }).map((text) => `E'${text.replaceAll('\0', '').replaceAll(/['\\]/g, '\\$&')}'`),
    fc.string({ unit: 'grapheme' }).map((text) => `"${text.replaceAll('\0', '').replaceAll('"', '""')}"`),
    fc.string({ unit: 'grapheme' }).map((text) => `$q$${text.replaceAll('\0', '').replaceAll('$', '')}$q$`),
  );
  const statement = fc
    .array(fc.tuple(token, fc.array(noise, { maxLength: 3 })), { minLength: 1, maxLength: 8 })
    // A space in between, so that no two tokens melt into one; strings must not continue one another.
    .map((parts) => parts.map(([text, after]) => `${text} ${after.join('')}, `).join(''))
    .map((text) => `select ${text.trimEnd()} 1`);

  it('splitting what was joined gives the same statements, on their lines', () => {
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 6 }), fc.array(noise, { maxLength: 3 }), (statements, between) => {
        const gap = `\n${between.join('')}\n`;
        const script = statements.map((text) => `${text};${gap}`).join('');
        const split = splitStatements(script);
        const clean = (text: string) => text.slice(text.indexOf('select '));
        expect(split.map(({ text }) => clean(text))).toEqual(statements.map((text) => text.trim()));
        for (const { text, line } of split) {
          const upTo = script
            .split('\n')
            .slice(0, line - 1)
            .join('\n').length;
          expect(script.indexOf(text, upTo)).toBeGreaterThanOrEqual(upTo);
        }
      }),
    );
  });

  it('ends on any text, with statements or a refusal', () => {
    const piece = fc.constantFrom("'", '"', '$$', '$a$', '/*', '*/', '--', ';', '\n', '\\', '(', ')', 'E', 'a', ' ');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
        (script) => {
          try {
            for (const { text, line } of splitStatements(script)) {
              expect(script).toContain(text);
              expect(line).toBeLessThanOrEqual(script.split('\n').length);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(ScriptError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
