import { describe, expect, test } from 'vitest';
import { eventually, fixtureWith } from '../testing/rest-database.ts';
import { testToken } from '../testing/rest-server.ts';

describe('reload config', () => {
  test('takes settings of rest and of roles anew, and leaves the schema alone', async () => {
    const { rest, database } = await fixtureWith();
    const { name } = database;
    await database.query(`
      begin; set local session_replication_role = 'replica';
      create table test.quiet (id int); grant all on test.quiet to service_role; commit;
      alter role authenticator in database ${name} set pgrst.db_aggregates_enabled = 'true';
      alter role service_role in database ${name} set statement_timeout = '123ms';
      notify pgrst, 'reload config'`);
    await eventually(async () => (await rest.send('GET', '/clients?select=count()')).status, 200);
    const slow = await rest.send('POST', '/rpc/slow', { role: 'service_role', body: { seconds: 1 } });
    expect(slow.json()).toMatchObject({ code: '57014' });
    expect((await rest.send('GET', '/quiet', { role: 'service_role' })).status).toBe(404);
    await database.query(`notify pgrst, 'reload schema'`);
    await eventually(async () => (await rest.send('GET', '/quiet', { role: 'service_role' })).status, 200);
  });

  test('of a key that is none keeps the old ones; a good one takes their place', async () => {
    const { rest, database } = await fixtureWith();
    const { name } = database;
    const secret = 'another secret, with at least thirty-two characters';
    const set = (value: string) =>
      database.query(`alter role authenticator in database ${name} set pgrst.jwt_secret = '${value}'`);
    await set('short');
    await expect(rest.reload()).rejects.toThrow('needs 32 characters');
    expect((await rest.send('GET', '/clients', { role: 'service_role' })).status).toBe(200);
    await set(secret);
    await rest.reload();
    expect((await rest.send('GET', '/clients', { role: 'service_role' })).status).toBe(401);
    const headers = { authorization: `Bearer ${testToken({ role: 'service_role' }, secret)}` };
    expect((await rest.send('GET', '/clients', { headers })).status).toBe(200);
  });
});

describe('a function that configures', () => {
  const more = `
    create function test.pre_config() returns void language sql as $$
      select set_config('pgrst.db_schemas', 'other', true), set_config('pgrst.db_aggregates_enabled', 'true', true) $$;
    grant execute on function test.pre_config() to authenticator; grant usage on schema test to authenticator;`;

  test('is stronger than settings of the role and than the environment', async () => {
    const { rest, database } = await fixtureWith({ PGRST_DB_PRE_CONFIG: 'test.pre_config' }, more);
    await database.query(`alter role authenticator in database ${database.name} set pgrst.db_schemas = 'test'`);
    await rest.reload();
    expect((await rest.send('GET', '/clients?select=count()')).json()).toEqual([{ count: 1 }]);
    expect((await rest.send('GET', '/clients', { headers: { 'accept-profile': 'test' } })).status).toBe(406);
  });

  test('that is not there makes rest wait for it', async () => {
    const { rest, database } = await fixtureWith({ PGRST_DB_PRE_CONFIG: 'test.pre_config' });
    expect((await rest.send('GET', '/clients')).json()).toMatchObject({ code: 'PGRST002' });
    await database.query(more);
    await database.query('notify pgrst');
    await eventually(async () => (await rest.send('GET', '/clients?select=count()')).status, 200);
  });
});

test('settings of the application, from the environment and the database', async () => {
  const show = `create function test.shown(name text) returns text language sql as $$ select current_setting(name, true) $$;
    grant execute on function test.shown(text) to anon;`;
  const { rest, database } = await fixtureWith({ PGRST_APP_SETTINGS_One: 'env', PGRST_APP_SETTINGS_TWO: 'env' }, show);
  await database.query(`alter role authenticator in database ${database.name} set pgrst.app_settings_two = 'database'`);
  await rest.reload();
  const shown = async (name: string) => (await rest.send('GET', `/rpc/shown?name=app.settings.${name}`)).json();
  expect([await shown('one'), await shown('two'), await shown('three')]).toEqual(['env', 'database', null]);
});
