import { describe, expect, it } from 'vitest';
import { alterColumn, createColumn } from './columns.ts';
import { alterFunction } from './functions.ts';
import { createPolicy } from './policies.ts';
import { grantOnColumns, revokeOnRelations } from './privileges.ts';
import { alterPublication } from './publications.ts';
import { alterRole, createRole } from './roles.ts';
import { settingClause, typeName } from './script.ts';
import { alterTable } from './tables.ts';
import { createTrigger } from './triggers.ts';

const evil = 'x"; drop table y; --';
const lines = (script: string) => script.split(';\n').slice(1, -2);

describe('names are quoted wherever they enter', () => {
  it.each([
    createPolicy({ name: evil, table: evil, schema: evil, roles: [evil] }),
    createRole({ name: evil, member_of: [evil], members: [evil], admins: [evil], config: { [evil]: evil } }),
    createTrigger({ name: evil, table: evil, function_name: evil, activation: 'AFTER', events: ['INSERT'] }),
    createColumn({ schema: evil, name: evil }, { table_id: 1, name: evil, type: evil }),
    revokeOnRelations([{ relation_id: 1, grantee: evil, privilege_type: 'ALL' }], [{ schema: evil, name: evil }]),
    grantOnColumns(
      [{ column_id: '1.1', grantee: evil, privilege_type: 'SELECT' }],
      [{ schema: evil, name: evil, column: evil }],
    ),
  ])('%s', (script) => {
    const unquoted = script.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, '');
    expect(unquoted).not.toContain('drop table y');
  });
});

describe('types', () => {
  it.each(['int4', 'int4[]', 'varchar(20)', 'timestamp with time zone', 'shop.size', '"My Type"'])(
    '%s is SQL',
    (text) => expect(typeName(text)).toBe(text),
  );
  it.each(['My Type', 'Mood', 'x; drop table y', 'int4) --'])('%s can only be a name', (text) =>
    expect(typeName(text)).toBe(`"${text}"`),
  );
});

describe('settings', () => {
  it('a list is quoted item by item', () =>
    expect(settingClause('search_path', '"$user", public')).toBe(`set "search_path" to '$user', 'public'`));
  it('everything else is one text', () =>
    expect(settingClause('app.greeting', "it's, so")).toBe(`set "app"."greeting" to 'it''s, so'`));
});

it('changes a column in an order in which each step can succeed', () => {
  const old = { schema: 's', table: 't', name: 'c', is_identity: false, is_unique: false };
  const script = alterColumn(
    old,
    {
      name: 'd',
      type: 'text',
      default_value: 'x',
      is_nullable: false,
      is_unique: true,
      check: 'c <> 1',
      comment: null,
    },
    { unique: [], check: ['t_c_check'] },
  );
  expect(lines(script)).toEqual([
    'alter table "s"."t" drop constraint "t_c_check"',
    'alter table "s"."t" alter column "c" set data type text using "c"::text',
    `alter table "s"."t" alter column "c" set default 'x'`,
    'alter table "s"."t" alter column "c" set not null',
    'alter table "s"."t" add unique ("c")',
    'alter table "s"."t" add check (c <> 1)',
    'comment on column "s"."t"."c" is null',
    'alter table "s"."t" rename column "c" to "d"',
  ]);
});

it('refuses a column that is both identity and has a default', () =>
  expect(() =>
    createColumn(
      { schema: 's', name: 't' },
      { table_id: 1, name: 'c', type: 'int8', is_identity: true, default_value: 1 },
    ),
  ).toThrow('Columns cannot both be identity and have a default value'));

it('moves and renames a table last', () => {
  const change = { name: 'u', schema: 'r', rls_enabled: true, primary_keys: [{ name: 'a' }] };
  expect(lines(alterTable({ id: 1, schema: 's', name: 't' }, change, 't_pkey'))).toEqual([
    'alter table "s"."t" enable row level security',
    'alter table "s"."t" drop constraint "t_pkey"',
    'alter table "s"."t" add primary key ("a")',
    'alter table "s"."t" set schema "r"',
    'alter table "r"."t" rename to "u"',
  ]);
});

it('makes a publication anew between all tables and a list', () => {
  const old = {
    name: 'p',
    owner: 'me',
    publish_insert: true,
    publish_update: false,
    publish_delete: false,
    publish_truncate: false,
    tables: null,
  };
  expect(lines(alterPublication(old, { tables: ['public.a.b'], publish_delete: true }))).toEqual([
    'drop publication "p"',
    `create publication "p" for table "public"."a.b" with (publish = 'insert, delete')`,
    'alter publication "p" owner to "me"',
  ]);
});

it('gives a new password under the new name', () =>
  expect(lines(alterRole({ name: 'a' }, { name: 'b', password: "p'w", can_login: true }))).toEqual([
    'alter role "a" login',
    'alter role "a" rename to "b"',
    `alter role "b" password 'p''w'`,
  ]));

it('checks that a new body replaces the function', () => {
  const old = {
    id: 42,
    schema: 's',
    name: 'f',
    identity_argument_types: 'a integer',
    argument_types: 'a integer DEFAULT 1',
    return_type: 'integer',
    language: 'sql',
    behavior: 'STABLE',
    security_definer: false,
    config_params: { search_path: 'a, b' },
  };
  const [create, check, rename] = lines(alterFunction(old, { definition: 'select 1', name: 'g' }));
  expect(create).toContain('create or replace function "s"."f" (a integer DEFAULT 1)');
  expect(create).toContain(`set "search_path" to 'a', 'b'`);
  expect(check).toContain('oid = 42');
  expect(rename).toBeDefined();
});
