import { expect, test } from 'vitest';
import { type Command, findCommands } from './commands.ts';

const command = (title: string, words = ''): Command => ({ id: title, title, words, icon: 'home', run() {} });
const all = [command('Connect', 'api keys'), command('Go to keys'), command('Keys'), command('Team', 'operators')];
const found = (text: string) => findCommands(all, text).map(({ title }) => title);

test('every word has to be there; what it is called counts before what it is about', () => {
  expect(found('keys')).toEqual(['Keys', 'Go to keys', 'Connect']);
  expect(found('KEYS api')).toEqual(['Connect']);
  expect(found('  ')).toHaveLength(4);
  expect(found('nothing')).toEqual([]);
});
