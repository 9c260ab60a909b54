import { expect, test } from 'vitest';
import { listMap, mapAsMarkdown } from './schema-map.ts';

test('the schema is a text', () => expect(listMap("o'k")).toContain("n.nspname = 'o''k'"));

test('tables as a document', () =>
  expect(
    mapAsMarkdown('public', [
      {
        name: 'books',
        rls: true,
        comment: 'What is read',
        columns: [
          { name: 'id', type: 'bigint', nullable: false, key: true, unique: true },
          { name: 'a|b', type: 'text', nullable: true, key: false, unique: false },
          { name: 'owner', type: 'uuid', nullable: true, key: false, unique: true },
        ],
        references: [{ name: 'f', columns: ['owner'], schema: 'auth', table: 'users', targets: ['id'] }],
      },
    ]),
  ).toBe(`# public

## books

What is read

| column | type | null | about |
| --- | --- | --- | --- |
| id | bigint | no | primary key |
| a\\|b | text | yes | |
| owner | uuid | yes | unique, → auth.users.id |
`));
