import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { countTests, unexpectedSkips } from './report.mjs';

function report(testResults: object[]) {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  const path = join(folder, 'report.json');
  try {
    writeFileSync(path, JSON.stringify({ testResults }));
    return countTests(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const one = (status: string) => ({ status: 'passed', assertionResults: [{ status, fullName: `a ${status} test` }] });

test('every word for skipping counts as skipped', () => {
  const counts = report(['passed', 'failed', 'skipped', 'pending', 'todo', 'disabled'].map(one));
  expect(counts).toEqual({
    passed: 1,
    failed: 1,
    skipped: ['a skipped test', 'a pending test', 'a todo test', 'a disabled test'],
  });
});

test('a file that did not load is a failure', () => {
  expect(report([{ status: 'failed', assertionResults: [] }]).failed).toBe(1);
});

test('without a report nothing has passed', () => {
  expect(countTests(join(tmpdir(), 'no-such-report.json'))).toEqual({ passed: 0, failed: 0, skipped: [] });
});

test('a skip needs a reason on the list, and is never allowed in CI', () => {
  const tests = { passed: 3, failed: 0, skipped: ['a', 'b', 'c'] };
  const allowed = [{ test: 'a', reason: 'needs a browser' }, { test: 'b' }];
  expect(unexpectedSkips(tests, allowed, false)).toEqual(['b', 'c']);
  expect(unexpectedSkips(tests, allowed, true)).toEqual(['a', 'b', 'c']);
});
