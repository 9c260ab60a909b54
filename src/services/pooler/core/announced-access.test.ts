import { expect, test } from 'vitest';
import { announcedAccess } from './announced-access.ts';

const accessOf = (sql: string) => announcedAccess(Buffer.from(`${sql}\0`), 0, Buffer.byteLength(sql));

test.each([
  ['BEGIN READ ONLY', 'read-only'],
  ['begin transaction isolation level repeatable read, read only;', 'read-only'],
  ['  start\n transaction read  only', 'read-only'],
  ['begin work read only deferrable', 'read-only'],
  ['begin read write', 'read-write'],
  ['begin', undefined],
  ['begin; select 1', undefined],
  // What comes behind the transaction might write.
  ['begin read only; select 1; commit; delete from t', undefined],
  ['select 1', undefined],
  ['beginning read only', undefined],
  ['set transaction read only', undefined],
  ['', undefined],
])('%s', (sql, access) => expect(accessOf(sql)).toBe(access));
