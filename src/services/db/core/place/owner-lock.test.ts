import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ProcessTable } from '../process/process-table.ts';
import { claimDataDirectory } from './owner-lock.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(folder, 'owner.json');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A table in which only the given processes live. */
const living = (identities: Readonly<Record<number, string>>): ProcessTable => ({
  identity: (pid) => identities[pid],
  command: () => undefined,
  workingIn: () => [],
  signal: () => false,
});

const claim = (identities: Readonly<Record<number, string>>) =>
  claimDataDirectory(path, './volumes', living({ [process.pid]: 'me', ...identities }));

const leave = (owner: object | string) =>
  writeFileSync(path, typeof owner === 'string' ? owner : JSON.stringify(owner));

test('a claim is given up without a trace', () => {
  claim({}).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a live owner is named, with the setting', () => {
  leave({ pid: 77, identity: 'boot:1', claim: 'x' });
  expect(() => claim({ 77: 'boot:1' })).toThrow(
    './volumes is in use by another running instance (process 77) (change VOLUMES_DIR)',
  );
  expect(readdirSync(folder)).toEqual(['owner.json']);
});

test('an owner about which nothing can be learned is taken for alive', () => {
  leave({ pid: 77, identity: 'boot:1', claim: 'x' });
  expect(() => claim({ 77: '?' })).toThrow(/in use/);
});

test.each([
  ['is gone', { pid: 77, identity: 'boot:1', claim: 'x' }, {}],
  ['had a number that is somebody else’s now', { pid: 77, identity: 'boot:1', claim: 'x' }, { 77: 'boot:9' }],
  ['had our own number before', { pid: process.pid, identity: 'boot:1', claim: 'x' }, {}],
  ['never finished writing', '', {}],
  ['wrote something else', '[]', {}],
])('an owner that %s is followed', (_what, owner, identities) => {
  leave(owner);
  const lock = claim(identities);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid, identity: 'me' });
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('whoever lost a claim does not take the next one’s away', () => {
  const lost = claim({});
  rmSync(path);
  const next = claim({});
  lost.release();
  expect(readdirSync(folder)).toEqual(['owner.json']);
  next.release();
});
