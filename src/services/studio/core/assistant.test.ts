import { expect, test } from 'vitest';
import { messagesOf, readAnswer } from './assistant.ts';

test('the first block of SQL is taken out of the words', () => {
  expect(readAnswer('Here:\n```sql\nselect 1;\n\nselect 2;\n```\nDone.')).toEqual({
    text: 'Here:\n\nDone.',
    sql: 'select 1;\n\nselect 2;',
  });
  expect(readAnswer('```\r\nselect 1\r\n```')).toEqual({ text: '', sql: 'select 1' });
  expect(readAnswer('  ```PostgreSQL\nselect 1\n  ```')).toEqual({ text: '', sql: 'select 1' });
  expect(readAnswer('It counts rows; `count(*)` does that.')).toEqual({
    text: 'It counts rows; `count(*)` does that.',
    sql: null,
  });
  expect(readAnswer('```python\nprint(1)\n```').sql).toBeNull();
});

test('the question holds what was given and nothing empty', () => {
  const [system, user] = messagesOf({
    task: 'mend',
    prompt: '',
    sql: 'selec 1',
    error: 'syntax error',
    schema: 'a(b)',
  });
  expect(system?.content).toContain('mended');
  expect(user?.content).toBe(
    'Tables of the database:\na(b)\n\nSQL in the editor:\n```sql\nselec 1\n```\n\nWhat the database said:\nsyntax error',
  );
});
