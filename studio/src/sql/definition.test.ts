import { expect, test } from 'vitest';
import { type Described, definitionOf, schemaDefinitionOf } from './definition.ts';

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

test('a schema is made in an order that works: enums, tables, foreign keys', () => {
  const described = (name: string, constraints: Described['constraints']): Described & { readonly name: string } => ({
    name,
    kind: 'r',
    columns: [{ name: 'id', type: 'int', rest: '' }],
    constraints,
    indexes: [],
    policies: [],
    triggers: [],
    rls: false,
    view: null,
    comment: null,
  });
  expect(
    schemaDefinitionOf(
      's',
      [{ name: 'mood', labels: ['sad', "it's"] }],
      [
        described('a', [{ name: 'a_fk', text: 'FOREIGN KEY (id) REFERENCES s.b(id)' }]),
        described('b', [{ name: 'b_pk', text: 'PRIMARY KEY (id)' }]),
      ],
    ),
  ).toBe(
    [
      `create type "s"."mood" as enum ('sad', 'it''s');`,
      'create table "s"."a" (\n  "id" int\n);',
      'create table "s"."b" (\n  "id" int,\n  constraint "b_pk" PRIMARY KEY (id)\n);',
      'alter table "s"."a" add constraint "a_fk" FOREIGN KEY (id) REFERENCES s.b(id);',
    ].join('\n\n'),
  );
});
