import { expect, test } from 'vitest';
import { activeOf, isUnsaved, noTabs, readTabs, tabbed, titleOf } from './tabs.ts';

test('snippets open once, and what was changed in them is not thrown away', () => {
  let tabs = tabbed(noTabs, { kind: 'open', path: 'a/b', sql: 'select 1' });
  expect(tabs.tabs).toHaveLength(1);
  expect(titleOf(activeOf(tabs))).toBe('b');
  expect(isUnsaved(activeOf(tabs))).toBe(false);
  tabs = tabbed(tabs, { kind: 'edit', sql: 'select 2' });
  tabs = tabbed(tabs, { kind: 'new', sql: '' });
  expect(activeOf(tabs).sql).toBe('');
  tabs = tabbed(tabs, { kind: 'open', path: 'a/b', sql: 'select 1' });
  expect(activeOf(tabs)).toMatchObject({ sql: 'select 2', kept: 'select 1' });
  tabs = tabbed(tabs, { kind: 'kept', id: activeOf(tabs).id, path: 'a/b', sql: 'select 2' });
  expect(isUnsaved(activeOf(tabs))).toBe(false);
  tabs = tabbed(tabs, { kind: 'moved', from: 'a/b', to: 'c' });
  expect(activeOf(tabs)).toMatchObject({ path: 'c', kept: 'select 2' });
  tabs = tabbed(tabs, { kind: 'moved', from: 'c', to: undefined });
  expect(activeOf(tabs).path).toBeUndefined();
  expect(isUnsaved(activeOf(tabs))).toBe(true);
});

test('there is always one, and closing shows its neighbour', () => {
  let tabs = tabbed(noTabs, { kind: 'new', sql: '-- totals\nselect 1' });
  expect(titleOf(activeOf(tabs))).toBe('totals');
  tabs = tabbed(tabs, { kind: 'new', sql: 'select 2' });
  const last = activeOf(tabs).id;
  tabs = tabbed(tabs, { kind: 'close', id: last });
  expect(activeOf(tabs).sql).toBe('-- totals\nselect 1');
  tabs = tabbed(tabs, { kind: 'close', id: activeOf(tabs).id });
  expect(tabs.tabs).toMatchObject([{ sql: '' }]);
  for (let count = 0; count < 60; count++) tabs = tabbed(tabs, { kind: 'new', sql: `select ${count}` });
  expect(tabs.tabs.length).toBe(40);
});

test('what was stored is read again', () => {
  const tabs = tabbed(noTabs, { kind: 'new', sql: 'select 1' });
  expect(readTabs(JSON.stringify(tabs))).toEqual(tabs);
  for (const text of [null, '', '[]', '{"tabs":[{"id":"x"}]}', '{"tabs":7}']) expect(readTabs(text)).toEqual(noTabs);
});
