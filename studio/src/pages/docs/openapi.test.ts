import { expect, test } from 'vitest';
import { endpointsOf, snippetsFor } from './openapi.ts';

const api = {
  definitions: {
    todos: {
      description: 'What there is to do',
      required: ['id', 'title'],
      properties: {
        id: { type: 'integer', format: 'bigint', description: 'Note:\nThis is a Primary Key.<pk/>' },
        title: { type: 'string', format: 'text' },
        state: { type: 'string', enum: ['open', 'done'] },
      },
    },
  },
  paths: {
    '/todos': { get: {} },
    '/rpc/add': {
      post: {
        summary: 'Adds',
        parameters: [
          { in: 'body', name: 'args', schema: { required: ['a'], properties: { a: { format: 'integer' } } } },
        ],
      },
    },
    '/rpc/now': { post: {} },
  },
};

test('tables and functions with what they take are read from the description', () => {
  const [todos, add, now] = endpointsOf(api);
  expect(todos).toMatchObject({ kind: 'table', name: 'todos', about: 'What there is to do' });
  expect(todos?.fields).toEqual([
    { name: 'id', type: 'bigint', required: true, about: 'This is a Primary Key.' },
    { name: 'title', type: 'text', required: true, about: '' },
    { name: 'state', type: 'open | done', required: false, about: '' },
  ]);
  expect(add).toMatchObject({ kind: 'function', name: 'add', about: 'Adds', fields: [{ name: 'a', required: true }] });
  expect(now?.fields).toEqual([]);
  expect(endpointsOf({})).toEqual([]);
});

test('snippets name the key and what has to be given; quotes stay within their texts', () => {
  const [todos, add] = endpointsOf(api);
  if (!todos || !add) throw new Error('the description is not read');
  const code = snippetsFor(todos, 'http://localhost:8000', 'key');
  expect(code.map(({ title }) => title)).toContain('Change rows');
  expect(code[2]?.javascript).toContain(".insert({ title: 'text' })");
  expect(code[1]?.curl).toContain("'http://localhost:8000/rest/v1/todos?select=*&id=eq.1'");
  expect(snippetsFor(add, 'u', 'k')[0]?.javascript).toBe("const { data, error } = await supabase.rpc('add', { a: 1 })");
  expect(snippetsFor({ ...todos, name: "o'x" }, 'u', 'k')[0]?.javascript).toContain(String.raw`from('o\'x')`);
});
