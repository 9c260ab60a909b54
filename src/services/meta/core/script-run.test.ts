import { describe, expect, test } from 'vitest';
import { readScript, runScript } from './script-run.ts';

const script = { before: '', together: false };

/** A session that notes what it is asked, and refuses what is called `wrong`. */
function session() {
  const asked: string[] = [];
  return {
    asked,
    async query<Row>(text: string) {
      asked.push(text);
      if (text === 'wrong')
        throw Object.assign(new Error('syntax error'), { severity: 'ERROR', code: '42601', position: '1', length: 10 });
      if (text === 'lost') throw new Error('the connection is gone');
      const rows = [{ text }] as Row[];
      return [{ rows, columns: ['text'], command: 'SELECT', count: 1, types: [25] }];
    },
  };
}

describe('a script', () => {
  test('is told statement by statement', async () => {
    const on = session();
    const remarks = [{ severity: 'NOTICE', message: 'hello', detail: undefined, hint: undefined }];
    const said = await runScript(on, { ...script, statements: ['one', 'two'] }, () => remarks.splice(0));
    expect(on.asked).toEqual(['one', 'two']);
    expect(said.results.map(({ rows }) => rows)).toEqual([[{ text: 'one' }], [{ text: 'two' }]]);
    expect(said.error).toBeUndefined();
    // What was remarked before the first statement is none of it.
    expect(said.results.flatMap(({ notices }) => notices)).toEqual([]);
  });

  test('of one transaction begins and ends it, and says nothing of what is run before', async () => {
    const on = session();
    const said = await runScript(on, { before: 'set role', together: true, statements: ['one'] }, () => []);
    expect(on.asked).toEqual(['begin', 'set role', 'one', 'commit']);
    expect(said.results).toHaveLength(1);
  });

  test('keeps what came before an error', async () => {
    const on = session();
    const said = await runScript(on, { ...script, together: true, statements: ['one', 'wrong', 'two'] }, () => []);
    expect(on.asked).toEqual(['begin', 'one', 'wrong']);
    expect(said.results).toHaveLength(1);
    expect(said.error).toMatchObject({ code: '42601', formattedError: expect.stringContaining('LINE 1: wrong') });
    await expect(runScript(session(), { ...script, statements: ['one', 'lost'] }, () => [])).rejects.toThrow('gone');
  });
});

test('what is no script is refused', () => {
  expect(readScript({ statements: ['a'], together: 1, before: 2 })).toEqual({
    statements: ['a'],
    before: '',
    together: false,
  });
  for (const body of [undefined, null, {}, { statements: [] }, { statements: [1] }, { statements: 'a' }])
    expect(() => readScript(body)).toThrow('statements not found');
  expect(() => readScript({ statements: Array(1_001).fill('a') })).toThrow('more than 1000');
});
