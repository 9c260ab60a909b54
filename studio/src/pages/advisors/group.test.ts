import { expect, test } from 'vitest';
import type { Finding } from './data.ts';
import { countLevels, groupFindings } from './group.ts';

const finding = (name: string, level: Finding['level'], category: Finding['categories'][number]): Finding => ({
  name,
  title: name,
  level,
  categories: [category],
  description: '',
  detail: '',
  cache_key: name,
  fix: null,
});

test('findings of one kind stand together, in the order of the first', () => {
  const all = [finding('b', 'ERROR', 'SECURITY'), finding('a', 'WARN', 'SECURITY'), finding('b', 'ERROR', 'SECURITY')];
  const groups = groupFindings([...all, finding('c', 'INFO', 'PERFORMANCE')], 'SECURITY');
  expect(groups.map(({ name, findings }) => [name, findings.length])).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
});

test('levels are counted in words', () => {
  expect(countLevels([])).toBe('');
  const some = [finding('a', 'WARN', 'SECURITY'), finding('b', 'INFO', 'SECURITY'), finding('c', 'INFO', 'SECURITY')];
  expect(countLevels(some)).toBe('1 warning, 2 notes');
});
