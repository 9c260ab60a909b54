import { expect, test } from 'vitest';
import { type Described, definitionOf } from './definition.ts';

const nothing: Described = {
  kind: 'r',
  columns: [],
  constraints: [],
  indexes: [],
  policies: [],
  triggers: [],
  rls: false,
  view: null,
  comment: null,
};

test('a table is written with all that belongs to it', () => {
  expect(
    definitionOf('public', 't', {
      ...nothing,
      columns: [{ name: 'id', type: 'bigint', rest: ' generated always as identity' }],
      constraints: [{ name: 't_pkey', text: 'PRIMARY KEY (id)' }],
      indexes: ['CREATE INDEX i ON t (id)'],
      rls: true,
      policies: [
        {
          name: 'own',
          permissive: false,
          command: 'select',
          roles: ['anon', 'authenticated'],
          using: 'true',
          check: null,
        },
      ],
      comment: "it's",
    }),
  ).toBe(
    [
      'create table "public"."t" (\n  "id" bigint generated always as identity,\n  constraint "t_pkey" PRIMARY KEY (id)\n);',
      'CREATE INDEX i ON t (id);',
      'alter table "public"."t" enable row level security;',
      'create policy "own" on "public"."t"\n  as restrictive\n  for select to anon, authenticated\n  using (true);',
      `comment on table "public"."t" is 'it''s';`,
    ].join('\n\n'),
  );
});

test('views are written as their query', () => {
  expect(definitionOf('public', 'v', { ...nothing, kind: 'm', view: ' SELECT 1;' })).toBe(
    'create materialized view "public"."v" as\nSELECT 1;',
  );
});
