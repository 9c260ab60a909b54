import { expect, onTestFinished } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import { type RestServer, startRest } from './rest-server.ts';
import { fixtureSchema } from './schema.ts';

/** A database with the fixture schema and a rest room on it. */
export interface RestFixture {
  readonly database: TestDatabase;
  readonly rest: RestServer;
  stop(): Promise<void>;
}

/** Makes a database, fills it and starts a room. @param env settings by name @param more SQL run behind the fixture */
export async function restFixture(env: Readonly<Record<string, string>> = {}, more = ''): Promise<RestFixture> {
  const database = await testDatabase();
  await database.query(`${fixtureSchema}; reset search_path; ${more}`);
  const rest = await startRest(database.connection('authenticator'), env);
  return {
    database,
    rest,
    async stop() {
      await rest.stop();
      await database.drop();
    },
  };
}

/** A fixture for the test that runs, stopped behind it. */
export async function fixtureWith(env: Readonly<Record<string, string>> = {}, more = ''): Promise<RestFixture> {
  const fixture = await restFixture(env, more);
  onTestFinished(() => fixture.stop());
  return fixture;
}

/** Asks until the answer is as wanted; a schema is read again soon, not at once. */
export const eventually = (work: () => Promise<unknown>, expected: unknown): Promise<void> =>
  expect.poll(work, { timeout: 10_000, interval: 20 }).toEqual(expected);
