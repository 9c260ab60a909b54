import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import { metricFamilies } from '../core/metric-families.ts';
import { readServerFigures } from './server-figures.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db?.drop());

it('tells of a server what dashboards ask, as its superuser and as somebody who may do little', async () => {
  const whole = await readServerFigures(db.connection('supabase_admin'), 10_000);
  const { database } = db.connection('supabase_admin');
  const mine = whole.databases.find(({ datname }) => datname === database);
  expect(mine?.size).toBeGreaterThan(1_000_000);
  expect(mine?.xact_commit).toBeGreaterThan(0);
  expect(whole.maxConnections).toBeGreaterThan(10);
  expect(whole.started * 1_000).toBeLessThan(Date.now() + 60_000);
  expect(
    whole.activity.some(({ datname, state, count }) => datname === database && state === 'active' && count >= 1),
  ).toBe(true);
  const little = await readServerFigures(db.connection('authenticator'), 10_000);
  expect(little.databases.map(({ datname }) => datname)).toContain(database);
  const names = metricFamilies(little).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('pg_stat_database_xact_commit');
});

it('says of a server that does not answer that it is down, and nothing else', () => {
  expect(metricFamilies(undefined)).toMatchObject([{ name: 'pg_up', samples: [{ value: 0 }] }]);
});
