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
  realm: 'here',
  identity: (pid) => identities[pid],
  command: () => undefined,
  workingIn: () => [],
  signal: () => false,
});

const claim = (identities: Readonly<Record<number, string>>) =>
  claimDataDirectory(path, './volumes', living({ [process.pid]: 'me', ...identities }), new AbortController().signal, {
    beat: 20,
    patience: 200,
  });

const leave = (owner: object | string) =>
  writeFileSync(path, typeof owner === 'string' ? owner : JSON.stringify(owner));

const other = { pid: 77, identity: '1', realm: 'here', claim: 'x' };

test('a claim is given up without a trace', async () => {
  (await claim({})).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a live owner is named, with the setting', async () => {
  leave(other);
  await expect(claim({ 77: '1' })).rejects.toThrow(
    './volumes is in use by another running instance (process 77) (change VOLUMES_DIR)',
  );
  expect(readdirSync(folder)).toEqual(['owner.json']);
});

test('an owner about which nothing can be learned is taken for alive', async () => {
  leave(other);
  await expect(claim({ 77: '?' })).rejects.toThrow(/in use/);
});

test.each([
  ['is gone', other, {}],
  ['had a number that is somebody else’s now', other, { 77: '9' }],
  ['had our own number before', { ...other, pid: process.pid }, {}],
  ['ran in a container that is gone, under a number in use here', { ...other, realm: 'there' }, { 77: '1' }],
  ['never finished writing', '', {}],
  ['wrote something else', '[]', {}],
])('an owner that %s is followed', async (_what, owner, identities) => {
  leave(owner);
  const lock = await claim(identities);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid, identity: 'me', realm: 'here' });
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('an owner in another container shows its life by touching the file', async () => {
  const elsewhere = await claim({});
  writeFileSync(path, readFileSync(path, 'utf8').replace('"here"', '"there"'));
  await expect(claim({})).rejects.toThrow(/in use/);
  elsewhere.release();
  (await claim({})).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('of several that follow a dead owner at once, one gets it', async () => {
  leave(other);
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => claim({})));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.release();
});

test('whoever lost a claim does not take the next one’s away', async () => {
  const lost = await claim({});
  rmSync(path);
  const next = await claim({});
  lost.release();
  expect(readdirSync(folder)).toEqual(['owner.json']);
  next.release();
});
