import { expect, test } from 'vitest';
import { createPreviews } from './previews.ts';

test('the last ten pages are kept', () => {
  const previews = createPreviews();
  const ids = Array.from({ length: 12 }, (_, index) => previews.add(`page ${index}`));
  expect(new Set(ids).size).toBe(12);
  expect(ids.map((id) => previews.find(id))).toEqual([
    undefined,
    undefined,
    ...Array.from({ length: 10 }, (_, index) => `page ${index + 2}`),
  ]);
});
