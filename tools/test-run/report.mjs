import { existsSync, readFileSync } from 'node:fs';

/**
 * Reads what Vitest's JSON reporter wrote. A test counts as skipped whatever word is used for it (skip, todo, pending).
 *
 * @param path the report; where there is none, the runner died and nothing counts as passed
 */
export function countTests(path) {
  const counts = { passed: 0, failed: 0, skipped: [] };
  if (!existsSync(path)) return counts;
  for (const file of JSON.parse(readFileSync(path, 'utf8')).testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0) counts.failed++;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed++;
      else if (test.status === 'failed') counts.failed++;
      else counts.skipped.push(test.fullName);
    }
  }
  return counts;
}

/**
 * Skipped tests that nobody gave leave for.
 *
 * @param allowed entries `{ test, reason }` of tools/expected-skips.json
 * @param inCi true: no test may be skipped, since CI has everything that tests need
 */
export function unexpectedSkips(tests, allowed, inCi) {
  const known = new Set(inCi ? [] : allowed.filter((entry) => entry.reason).map((entry) => entry.test));
  return tests.skipped.filter((name) => !known.has(name));
}
