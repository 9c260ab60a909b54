import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { statementsOf } from '../statements.ts';
import {
  dollarQuoted,
  dropFunctionSql,
  type FunctionDraft,
  functionProblem,
  functionSql,
  isRemade,
  newFunction,
  settingSql,
} from './function.ts';

const hello: FunctionDraft = {
  ...newFunction('public'),
  name: 'Say hello',
  language: 'sql',
  volatility: 'stable',
  arguments: [
    { mode: 'in', name: 'who', type: 'text', default: '' },
    { mode: 'in', name: 'n', type: 'int', default: '2' },
    { mode: 'out', name: 'said', type: 'text', default: '' },
  ],
  body: "select 'hello'",
};

test('a function is made with all it has', () => {
  expect(
    functionSql(undefined, { ...hello, definer: true, strict: true, cost: 10, parallel: 'safe', comment: "it's" }),
  ).toBe(
    [
      'create or replace function "public"."Say hello"("who" text, "n" int default 2, out "said" text)',
      'returns text',
      'language "sql"',
      'stable',
      'strict',
      'security definer',
      'parallel safe',
      'cost 10',
      `set "search_path" to ''`,
      "as $function$select 'hello'$function$;",
      '',
      `comment on function "public"."Say hello"(text, int) is 'it''s';`,
    ].join('\n'),
  );
  expect(functionSql(undefined, { ...hello, procedure: true, config: [], body: 'return 1;', standard: true })).toBe(
    'create or replace procedure "public"."Say hello"("who" text, "n" int default 2, out "said" text)\nlanguage "sql"\nreturn 1;',
  );
});

describe('a function is changed', () => {
  test('nothing where nothing changed', () => expect(functionSql(hello, { ...hello })).toBe(''));
  test('in place where it takes and returns the same', () => {
    const sql = functionSql(hello, { ...hello, schema: 's', name: 'hi', body: 'select 1' });
    expect(sql).toContain('alter function "public"."Say hello"(text, int) set schema "s";');
    expect(sql).toContain('alter function "s"."Say hello"(text, int) rename to "hi";');
    expect(sql).toContain('create or replace function "s"."hi"');
    expect(sql).not.toContain('drop');
  });
  test('by another one where it does not', () => {
    const [first, ...rest] = hello.arguments;
    const changed: FunctionDraft[] = [
      { ...hello, returns: 'int' },
      { ...hello, arguments: rest },
      { ...hello, arguments: [{ ...(first as (typeof rest)[0]), name: 'whom' }, ...rest] },
      { ...hello, arguments: hello.arguments.map((each) => ({ ...each, default: '' })) },
    ];
    for (const after of changed) {
      expect(isRemade(hello, after)).toBe(true);
      expect(functionSql(hello, after)).toMatch(/^drop function "public"."Say hello"\(text, int\);\n/);
    }
    expect(isRemade(hello, { ...hello, returns: ' TEXT ' })).toBe(false);
  });
  test('a comment goes, and stays with a function that is made anew', () => {
    const before = { ...hello, comment: 'old' };
    expect(functionSql(before, { ...before, comment: '' })).toContain('(text, int) is null;');
    expect(functionSql(before, { ...before, returns: 'int' })).toContain("(text, int) is 'old';");
  });
});

test('settings: lists of names name by name, others as a text', () => {
  expect(settingSql('search_path=public, "$user", My')).toBe('set "search_path" to "public", "$user", "my"');
  expect(settingSql('search_path=""')).toBe(`set "search_path" to ''`);
  expect(settingSql('search_path=')).toBe(`set "search_path" to ''`);
  expect(settingSql("app.name=it's=me")).toBe(`set "app"."name" to 'it''s=me'`);
});

test('whatever the body is, it is one statement', () =>
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('$', 'function', '1', 'a', ';', "'", '"', '\n', '$function$') }),
      (body) => {
        const quoted = dollarQuoted(body);
        const tag = /^\$\w+\$/.exec(quoted)?.[0] ?? '';
        expect(quoted.slice(tag.length, -tag.length)).toBe(body);
        expect(quoted.indexOf(tag, tag.length)).toBe(quoted.length - tag.length);
        expect(statementsOf(functionSql(undefined, { ...hello, body }))).toHaveLength(1);
      },
    ),
  ));

test('what is missing is told; dropping names the types', () => {
  expect(functionProblem(newFunction('public'))).toBe('A function has a name');
  expect(functionProblem({ ...hello, returns: ' ' })).toContain('returns');
  expect(functionProblem(hello)).toBeUndefined();
  expect(dropFunctionSql(hello, true)).toBe('drop function "public"."Say hello"(text, int) cascade;');
});
