import { describe, expect, test } from 'vitest';
import { dropTriggerSql, newTrigger, readTrigger, type TriggerDraft, triggerProblem, triggerSql } from './trigger.ts';

const touch: TriggerDraft = {
  ...newTrigger('public', 'books'),
  name: 'touch',
  functionName: 'touch',
  arguments: ["it's", ''],
  events: ['insert', 'update'],
  columns: ['title'],
  when: 'new.id > 0',
};

test('a trigger is made with all it has', () => {
  expect(triggerSql(undefined, touch)).toBe(
    [
      'create or replace trigger "touch"',
      '  before insert or update of "title" on "public"."books"',
      '  for each row',
      '  when (new.id > 0)',
      `  execute function "public"."touch"('it''s', '');`,
    ].join('\n'),
  );
  expect(
    triggerSql(undefined, { ...touch, when: '', level: 'statement', timing: 'after', oldTable: 'was', state: 'off' }),
  ).toMatch(
    /referencing old table as "was"\n {2}for each statement[\s\S]*\nalter table "public"."books" disable trigger "touch";$/,
  );
});

describe('a trigger is changed', () => {
  test('nothing where nothing changed', () => expect(triggerSql(touch, { ...touch })).toBe(''));
  test('name and state without making it again', () =>
    expect(triggerSql(touch, { ...touch, name: 'to"uch', state: 'always' })).toBe(
      'alter trigger "touch" on "public"."books" rename to "to""uch";\nalter table "public"."books" enable always trigger "to""uch";',
    ));
  test('made again it is off as it was', () =>
    expect(triggerSql({ ...touch, state: 'off' }, { ...touch, state: 'off', when: '' })).toMatch(
      /^create or replace trigger "touch"[\s\S]*disable trigger "touch";$/,
    ));
});

test('arguments and condition are read as the catalogue keeps them', () => {
  const { arguments: _, when: __, ...rest } = touch;
  const definition =
    "CREATE TRIGGER touch BEFORE UPDATE ON public.books FOR EACH ROW WHEN ((new.t = ' WHEN (x) ')) EXECUTE FUNCTION touch('a')";
  expect(readTrigger({ ...rest, conditional: true, definition, arguments: 'c3a40000' })).toMatchObject({
    when: "(new.t = ' WHEN (x) ')",
    arguments: ['ä', ''],
  });
  expect(readTrigger({ ...rest, conditional: false, definition, arguments: '' })).toMatchObject({
    when: '',
    arguments: [],
  });
});

test('what cannot be is told', () => {
  expect(triggerProblem({ ...touch, events: ['truncate'] })).toContain('TRUNCATE');
  expect(triggerProblem({ ...touch, timing: 'instead of', level: 'statement' })).toBeDefined();
  expect(triggerProblem({ ...touch, events: [] })).toBeDefined();
  expect(triggerProblem(touch)).toBeUndefined();
  expect(dropTriggerSql(touch)).toBe('drop trigger "touch" on "public"."books";');
});
