import { expect, test } from 'vitest';
import { authSettings } from '../../settings.ts';
import { liveSettings } from './live.ts';

const keys = liveSettings.flatMap(({ sections }) => sections.flatMap((section) => section.keys));

test('every setting that may change is one, and stands in one place', () => {
  expect(keys.filter((key) => authSettings[key] === undefined)).toEqual([]);
  expect(new Set(keys).size).toBe(keys.length);
});

test('what other rooms have to know as well, and where this room is, does not change here', () => {
  for (const key of ['databaseUrl', 'jwtSecret', 'jwtKeys', 'configDir', 'jwtAdminRoles', 'metricsPort'])
    expect(keys).not.toContain(key);
});
