import { expect, test } from 'vitest';
import { found, originOf, type RoomSetting, roomsOf } from './find.ts';

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
  ...more,
});

test('settings are found by words of their names and sentences, by room, and by whether somebody set them', () => {
  const all = [
    setting({}),
    setting({ room: 'rest', name: 'PGRST_DB_POOL', help: 'Connections at most.', origin: '/a/.env:3 PGRST_DB_POOL' }),
  ];
  const names = (wanted: Partial<Parameters<typeof found>[1]>) =>
    found(all, { room: '', search: '', set: false, ...wanted }).map(({ name }) => name);
  expect(names({ search: 'users site' })).toEqual(['SITE_URL']);
  expect(names({ search: 'pool users' })).toEqual([]);
  expect(names({ room: 'rest' })).toEqual(['PGRST_DB_POOL']);
  expect(names({ set: true })).toEqual(['PGRST_DB_POOL']);
  expect(roomsOf(all)).toEqual(['auth', 'rest']);
});

test('of where a value comes from the file and line are told', () => {
  expect(originOf('/srv/app/.env:12 SITE_URL')).toBe('.env:12');
  expect(originOf('environment SITE_URL')).toBe('environment');
  expect(originOf('default')).toBe('standard value');
  expect(originOf('the address of the gateway')).toBe('the address of the gateway');
});
