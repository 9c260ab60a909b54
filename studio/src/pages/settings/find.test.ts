import { expect, test } from 'vitest';
import type { RoomSetting } from '../../data/settings.ts';
import { countsOf, found, originOf, roomsOf } from './find.ts';

const setting = (more: Partial<RoomSetting>): RoomSetting => ({
  room: 'auth',
  name: 'SITE_URL',
  type: 'text',
  help: 'Where users go.',
  secret: false,
  isSet: true,
  text: 'x',
  standard: '',
  origin: 'default',
  changedHere: false,
  counts: 'room',
  waits: false,
  ...more,
});

test('settings are found by words of their names and sentences, by room, and by who set them', () => {
  const all = [
    setting({}),
    setting({ room: 'rest', name: 'PGRST_DB_POOL', help: 'Connections at most.', origin: '/a/.env:3 PGRST_DB_POOL' }),
    setting({
      room: 'gateway',
      name: 'KONG_HTTP_PORT',
      origin: '/b/dashboard.env:2 X',
      changedHere: true,
      waits: true,
    }),
  ];
  const names = (wanted: Partial<Parameters<typeof found>[1]>) =>
    found(all, { room: '', search: '', only: 'all', ...wanted }).map(({ name }) => name);
  expect(names({ search: 'users site' })).toEqual(['SITE_URL']);
  expect(names({ search: 'pool users' })).toEqual([]);
  expect(names({ room: 'rest' })).toEqual(['PGRST_DB_POOL']);
  expect(names({ only: 'set' })).toEqual(['PGRST_DB_POOL', 'KONG_HTTP_PORT']);
  expect(names({ only: 'here' })).toEqual(['KONG_HTTP_PORT']);
  expect(names({ only: 'waiting', room: 'rest' })).toEqual([]);
  expect(roomsOf(all)).toEqual(['auth', 'rest', 'gateway']);
});

test('of where a value comes from the file and line are told', () => {
  const from = (origin: string, changedHere = false) => originOf({ origin, changedHere });
  expect(from('/srv/app/.env:12 SITE_URL')).toBe('.env:12');
  expect(from('environment SITE_URL')).toBe('environment');
  expect(from('default')).toBe('standard value');
  expect(from('/x/dashboard.env:2 SITE_URL', true)).toBe('set here');
  expect(from('the address of the gateway')).toBe('the address of the gateway');
});

test('a room whose settings all wait for a restart says so', () => {
  expect(countsOf([setting({ counts: 'restart' }), setting({ counts: 'file' })])).toContain('next start');
  expect(countsOf([setting({ counts: 'restart' }), setting({})])).toContain('at once');
});
