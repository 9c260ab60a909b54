import { expect, test } from 'vitest';
import type { RoomSetting } from '../data/settings.ts';
import { choicesOf, effectiveChanges, fieldKind, listLines, listText, originText, savingDoes } from './fields.ts';

const setting = (more: Partial<RoomSetting>): RoomSetting => ({
  room: 'auth',
  name: 'A',
  type: 'text',
  help: '',
  secret: false,
  isSet: true,
  text: '1',
  standard: '',
  origin: 'default',
  changedHere: false,
  counts: 'room',
  waits: false,
  ...more,
});

test('fields follow what the texts of a setting look like', () => {
  expect(fieldKind(setting({ type: 'true or false' }))).toBe('switch');
  expect(fieldKind(setting({ type: 'browsers | all | off' }))).toBe('choice');
  expect(choicesOf('browsers | all | off')).toEqual(['browsers', 'all', 'off']);
  expect(fieldKind(setting({ type: 'list' }))).toBe('list');
  expect(fieldKind(setting({ type: 'text', secret: true }))).toBe('secret');
  expect(fieldKind(setting({ type: 'whole number 1–…' }))).toBe('text');
});

test('lists are typed a line each, and can be emptied', () => {
  expect(listLines('a,b')).toBe('a\nb');
  expect(listText(' a \n\n b,c')).toBe('a,b,c');
  expect(listText(' \n')).toBe(',');
});

test('where a value comes from is told without paths', () => {
  expect(originText(setting({ origin: '/srv/app/.env:12 SITE_URL' }))).toBe('from .env');
  expect(originText(setting({ origin: 'environment SITE_URL' }))).toBe('from the environment');
  expect(originText(setting({ origin: '/x/dashboard.env:2 A', changedHere: true }))).toBe('set here');
  expect(originText(setting({}))).toBe('standard value');
  expect(originText(setting({ origin: 'the address of the gateway' }))).toBe('from the address of the gateway');
});

test('only what differs is a change', () => {
  const settings = [
    setting({}),
    setting({ name: 'B', changedHere: true }),
    setting({ name: 'L', type: 'list', text: '' }),
    setting({ name: 'S', secret: true }),
  ];
  const drafts = new Map([
    ['A', '1'],
    ['B', null],
    ['L', ','],
    ['S', ''],
    ['gone', 'x'],
  ]);
  expect([...effectiveChanges(drafts, settings)]).toEqual([['B', null]]);
  expect([
    ...effectiveChanges(
      new Map([
        ['A', null],
        ['S', 'new'],
      ]),
      settings,
    ),
  ]).toEqual([['S', 'new']]);
});

test('what saving does is told by room', () => {
  const settings = [setting({}), setting({ room: 'gateway', name: 'B', counts: 'restart' })];
  expect(savingDoes(new Set(['A']), settings)).toMatch(/^Counts at once: auth /);
  expect(savingDoes(new Set(['B']), settings)).toBe('Counts from the next start of the program on: gateway.');
  expect(savingDoes(new Set(['A', 'B']), settings)).toMatch(/auth .* gateway\.$/);
  expect(savingDoes(new Set(), settings)).toBe('');
});
