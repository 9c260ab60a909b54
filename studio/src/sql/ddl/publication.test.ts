import { expect, test } from 'vitest';
import { type PublicationDraft, publicationSql } from './publication.ts';

const told: PublicationDraft = {
  name: 'told',
  all: false,
  tables: [
    { schema: 'public', name: 'a' },
    { schema: 's', name: 'b' },
  ],
  events: ['update', 'insert'],
};

test('a publication is made', () => {
  expect(publicationSql(undefined, told)).toBe(
    `create publication "told" for table "public"."a", "s"."b" with (publish = 'insert, update');`,
  );
  expect(publicationSql(undefined, { ...told, all: true, events: [] })).toBe(
    `create publication "told" for all tables with (publish = '');`,
  );
});

test('a publication is changed: only tables that come and go are named', () => {
  expect(publicationSql(told, { ...told, events: ['insert', 'update'] })).toBe('');
  expect(
    publicationSql(told, {
      name: 'heard',
      all: false,
      tables: [
        { schema: 's', name: 'b' },
        { schema: 's', name: 'c' },
      ],
      events: ['delete'],
    }),
  ).toBe(
    [
      'alter publication "told" drop table "public"."a";',
      'alter publication "told" add table "s"."c";',
      `alter publication "told" set (publish = 'delete');`,
      'alter publication "told" rename to "heard";',
    ].join('\n'),
  );
});
