import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('who came first goes first in all pieces, and what fails concerns its owner alone', async () => {
  const turns = createTurns();
  const [first, second] = [turns.join(), turns.join()];
  const done: string[] = [];
  const other = second.take(() => done.push('second 1')).then(() => second.take(() => done.push('second 2')));
  const broken = second.take(() => {
    throw new Error('broken');
  });
  const one = first.take(() => done.push('first 1')).then(() => first.take(() => done.push('first 2')));
  await expect(broken).rejects.toThrow('broken');
  await Promise.all([one, other]);
  expect(done.slice(0, 2)).toEqual(['first 1', 'first 2']);
  expect(done.slice(2)).toEqual(['second 1', 'second 2']);
});
