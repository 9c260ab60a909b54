import { expect, test } from 'vitest';
import { chooseServer } from './choose-server.ts';
import { externalConnection, sslMode } from './connect-server.ts';

const embedded = { kind: 'embedded', base: '.' } as const;
const external = { kind: 'external', host: 'pg.example' } as const;
const home = '/srv/volumes/db';
const yes = async () => true;
const no = async () => false;

test('no host means embedded, a host external', async () => {
  expect(await chooseServer(undefined, undefined, home, yes)).toBe('embedded');
  expect(await chooseServer('pg.example', undefined, home, no)).toBe('external');
  expect(await chooseServer('other.example', external, home, no)).toBe('external');
});

test('the compose file’s names mean embedded unless they resolve', async () => {
  for (const host of ['db', 'supabase-db']) {
    expect(await chooseServer(host, undefined, home, no)).toBe('embedded');
    expect(await chooseServer(host, undefined, home, yes)).toBe('external');
    // What was decided once does not hang on a resolver.
    expect(await chooseServer(host, embedded, home, yes)).toBe('embedded');
    expect(await chooseServer(host, external, home, no)).toBe('external');
  }
});

test('a contradiction to what was recorded is an error that says what to do', async () => {
  await expect(chooseServer('pg.example', embedded, home, yes)).rejects.toMatchObject({
    setting: 'POSTGRES_HOST',
    message: expect.stringContaining('/srv/volumes/db/database.json'),
  });
  await expect(chooseServer(undefined, external, home, yes)).rejects.toMatchObject({
    setting: 'POSTGRES_HOST',
    message: expect.stringContaining('pg.example'),
  });
});

test('sslmode has libpq’s meaning', () => {
  expect(sslMode(undefined, false)).toBe('prefer');
  expect(sslMode(undefined, true)).toBe('verify-full');
  expect(sslMode('require', true)).toBe('verify-ca');
  expect(sslMode('require', false)).toBe('require');
  expect(sslMode('disable', true)).toBe('disable');
});

test('a root certificate that cannot be read names its setting', () => {
  const settings = { sslRootCertificate: '/nonexistent/ca.pem' } as Parameters<typeof externalConnection>[0];
  expect(() => externalConnection(settings, 'postgres', 'postgres')).toThrow(
    'cannot read /nonexistent/ca.pem (ENOENT) (change POSTGRES_SSLROOTCERT)',
  );
});
