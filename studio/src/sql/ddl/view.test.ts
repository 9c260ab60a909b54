import { expect, test } from 'vitest';
import { dropRelationSql, newView, refreshSql, type ViewDraft, viewProblem, viewSql } from './view.ts';

const cheap: ViewDraft = { ...newView('public'), name: 'cheap', query: 'select 1 as a' };

test('a view is made with policies in force', () => {
  expect(viewSql(undefined, { ...cheap, query: 'select 1;', comment: 'c' })).toBe(
    `create or replace view "public"."cheap" with ("security_invoker" = 'on') as\nselect 1;\ncomment on view "public"."cheap" is 'c';`,
  );
  expect(viewSql(undefined, { ...cheap, materialized: true })).toBe(
    'create materialized view "public"."cheap" as\nselect 1 as a;',
  );
});

test('a view is changed: its other options stay', () => {
  expect(viewSql(cheap, { ...cheap })).toBe('');
  const before = { ...cheap, options: ['security_barrier=true'] };
  expect(viewSql(before, { ...before, name: 'dear', invoker: false })).toBe(
    `alter view "public"."cheap" rename to "dear";\ncreate or replace view "public"."dear" with ("security_invoker" = 'off', "security_barrier" = 'true') as\nselect 1 as a;`,
  );
  const kept = { ...cheap, materialized: true };
  expect(viewSql(kept, { ...kept, comment: 'x' })).toBe(`comment on materialized view "public"."cheap" is 'x';`);
});

test('refreshing, dropping, and what is missing', () => {
  expect(refreshSql('s', 'm', true)).toBe('refresh materialized view concurrently "s"."m";');
  expect(dropRelationSql('partitioned table', 's', 't', true)).toBe('drop table "s"."t" cascade;');
  expect(dropRelationSql('materialized view', 's', 'm', false)).toBe('drop materialized view "s"."m";');
  expect(viewProblem(newView('public'))).toBeDefined();
  expect(viewProblem({ ...cheap, query: ' ' })).toBeDefined();
});
