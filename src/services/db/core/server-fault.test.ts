import { expect, test } from 'vitest';
import { explainFault, leftoversRemain } from './server-fault.ts';

const context = { dataDir: '/srv/volumes/db/data', port: 5432 };

test.each([
  [
    ['could not bind IPv4 address "127.0.0.1": Address already in use', 'could not create any TCP/IP sockets'],
    'POSTGRES_PORT',
  ],
  [['could not bind IPv4 address "127.0.0.1": Permission denied'], 'POSTGRES_PORT'],
  [['could not write to file "pg_wal/xlogtemp.31": No space left on device'], 'VOLUMES_DIR'],
  [['data directory "/srv/volumes/db/data" has invalid permissions'], 'VOLUMES_DIR'],
  [['data directory "/srv/volumes/db/data" has wrong ownership'], 'VOLUMES_DIR'],
  [['database files are incompatible with server'], 'POSTGRES_BIN_DIR'],
  [['could not open file "global/pg_control": Permission denied'], 'VOLUMES_DIR'],
  [['could not create directory "x": Read-only file system'], 'VOLUMES_DIR'],
])('%j is the fault of %s, in one line', (complaints, setting) => {
  const error = explainFault(complaints, context);
  expect(error.setting).toBe(setting);
  expect(error.message).not.toContain('\n');
});

test('what nobody thought of is passed on', () => {
  expect(explainFault(['invalid value for parameter "work_mem"'], context).message).toBe(
    'the database server of /srv/volumes/db/data did not start: invalid value for parameter "work_mem"',
  );
  expect(explainFault([], context).message).toMatch(/without a word/);
});

test('a predecessor’s processes are worth another attempt', () => {
  expect(leftoversRemain(['pre-existing shared memory block (key 1, ID 2) is still in use'])).toBe(true);
  expect(leftoversRemain(['could not write'])).toBe(false);
});
