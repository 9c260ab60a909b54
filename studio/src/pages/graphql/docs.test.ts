import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { docOf, typeNames } from './docs.ts';

const schema = buildSchema(`
  "A book of the shelf"
  type Book { title: String!, "Who wrote it" author: Author, old: Int @deprecated(reason: "use title") }
  type Author { name: String, books(first: Int = 10, by: Order): [Book!]! }
  enum Order { "by title" TITLE YEAR }
  union Found = Book | Author
  input NewBook { title: String! }
  type Query { books: [Book!]!, find(text: String!): Found }
  type Mutation { add(book: NewBook!): Book }
`);

test('types begin with where questions do, and are found by their fields too', () => {
  expect(typeNames(schema).slice(0, 4)).toEqual(['Mutation', 'Query', 'Author', 'Book']);
  expect(typeNames(schema, 'titl')).toEqual(['Book', 'NewBook']);
  expect(typeNames(schema, 'ORDER')).toEqual(['Order']);
  expect(typeNames(schema).some((name) => name.startsWith('__'))).toBe(false);
});

test('a type is told with what leads on from it', () => {
  expect(docOf(schema, 'Book')).toMatchObject({
    kind: 'object',
    about: 'A book of the shelf',
    fields: [
      { name: 'title', type: 'String!', leadsTo: 'String', args: [] },
      { name: 'author', type: 'Author', leadsTo: 'Author', about: 'Who wrote it' },
      { name: 'old', deprecated: 'use title' },
    ],
  });
  expect(docOf(schema, 'Author')?.fields[1]).toMatchObject({
    type: '[Book!]!',
    leadsTo: 'Book',
    args: ['first: Int = 10', 'by: Order'],
  });
  expect(docOf(schema, 'Order')).toMatchObject({
    kind: 'enum',
    members: [{ name: 'TITLE', about: 'by title', isType: false }, { name: 'YEAR' }],
  });
  expect(docOf(schema, 'Found')).toMatchObject({ kind: 'union', members: [{ name: 'Book', isType: true }, {}] });
  expect(docOf(schema, 'NewBook')).toMatchObject({ kind: 'input', fields: [{ name: 'title' }] });
  expect(docOf(schema, 'String')?.kind).toBe('scalar');
  expect(docOf(schema, 'Nothing')).toBeUndefined();
});
