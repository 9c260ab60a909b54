import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, fixtureWith } from '../testing/rest-database.ts';
import { type RestServer, startRest } from '../testing/rest-server.ts';

const statusOf = (rest: RestServer, path: string) => async () =>
  (await rest.send('GET', path, { role: 'service_role' })).status;
const isListening = (rest: RestServer) => async () => (rest.health() as { status: string }).status;
const killListener = `select count(pg_terminate_backend(pid))::int as killed from pg_stat_activity
  where datname = current_database() and query ilike 'listen%'`;

describe('the schema is read again', () => {
  test('after DDL, told by the event triggers of the database', async () => {
    const { rest, database } = await fixtureWith();
    expect(await statusOf(rest, '/fresh')()).toBe(404);
    await database.query('create table test.fresh (id int primary key); grant all on test.fresh to service_role');
    await eventually(statusOf(rest, '/fresh'), 200);
    await database.query('alter table test.fresh add column more text');
    const insert = () => rest.send('POST', '/fresh', { role: 'service_role', body: { id: 1, more: 'x' } });
    await eventually(async () => (await insert()).status, 201);
    await database.query('drop table test.fresh');
    await eventually(
      async () => (await rest.send('GET', '/fresh', { role: 'service_role' })).json(),
      expect.objectContaining({ code: 'PGRST205' }),
    );
  });

  test.each(['', 'reload schema'])('on NOTIFY pgrst, %j', async (payload) => {
    const { rest, database } = await fixtureWith();
    await database.query(`
      begin; set local session_replication_role = 'replica';
      create table test.quiet (id int); grant all on test.quiet to service_role; commit`);
    await sleep(100);
    await database.query(`select pg_notify('pgrst', $1)`, [payload]);
    await eventually(statusOf(rest, '/quiet'), 200);
  });

  test('after the listening connection was lost, and then listens again', async () => {
    const { rest, database } = await fixtureWith();
    await database.query(`
      begin; set local session_replication_role = 'replica';
      create table test.missed (id int); grant all on test.missed to service_role; commit`);
    expect(await statusOf(rest, '/missed')()).toBe(404);
    expect(await database.query(killListener)).toEqual([{ killed: 1 }]);
    await eventually(statusOf(rest, '/missed'), 200);
    await eventually(isListening(rest), 'healthy');
    await database.query('create table test.heard (id int); grant all on test.heard to service_role');
    await eventually(statusOf(rest, '/heard'), 200);
  });

  test('a burst of changes is read in few goes, and requests go on meanwhile', async () => {
    const { rest, database } = await fixtureWith();
    const changes = (async () => {
      for (let n = 0; n < 30; n++) await database.query(`create table test.burst_${n} (id int)`);
    })();
    const statuses = new Set<number>();
    for (let n = 0; n < 30; n++) statuses.add(await statusOf(rest, '/clients')());
    await changes;
    expect([...statuses]).toEqual([200]);
    await eventually(async () => (await rest.send('OPTIONS', '/burst_29')).status, 200);
  });

  test('what may not be read leaves the schema as it was, until it may be', async () => {
    const { rest, database } = await fixtureWith({ PGRST_DB_CHANNEL_ENABLED: 'false' });
    await database.query(`
      create table test.late (id int); grant all on test.late to service_role;
      revoke select on pg_catalog.pg_constraint from public`);
    await expect(rest.reload()).rejects.toThrow('permission denied');
    const embed = await rest.send('GET', '/projects?select=id,clients(id)&id=eq.1');
    expect(embed.json()).toEqual([{ id: 1, clients: { id: 1 } }]);
    expect((await rest.send('GET', '/late', { role: 'service_role' })).status).toBe(404);
    expect(rest.health()).toMatchObject({ status: 'healthy' });
    await database.query('grant select on pg_catalog.pg_constraint to public');
    await rest.reload();
    expect((await rest.send('GET', '/late', { role: 'service_role' })).status).toBe(200);
  });

  test('a statement that was prepared before a change of its table is prepared again', async () => {
    const { rest, database } = await fixtureWith({ PGRST_DB_POOL: '1' });
    const read = async () => (await rest.send('GET', '/no_key?select=*')).json();
    await database.query(`insert into test.no_key values (1, 'b')`);
    expect(await read()).toEqual([{ a: 1, b: 'b' }]);
    await database.query('alter table test.no_key drop column b, add column c int default 5');
    expect(await read()).toEqual([{ a: 1, c: 5 }]);
  });
});

describe('settings in the database', () => {
  test('count after a reload of the configuration', async () => {
    const { rest, database } = await fixtureWith();
    const { name } = database;
    const aggregate = () => rest.send('GET', '/clients?select=count()');
    expect((await aggregate()).status).toBe(400);
    await database.query(`
      alter role authenticator in database ${name} set pgrst.db_aggregates_enabled = 'true';
      alter role authenticator in database ${name} set pgrst.db_schemas = 'other,test,absent';
      notify pgrst, 'reload config'`);
    await eventually(async () => (await rest.send('GET', '/clients')).json(), [{ id: 7, label: 'elsewhere' }]);
    expect(
      (await rest.send('GET', '/clients?select=count()', { headers: { 'accept-profile': 'test' } })).json(),
    ).toEqual([{ count: 2 }]);
  });

  test('that make no sense keep the old ones in force', async () => {
    const { rest, database } = await fixtureWith();
    await database.query(`alter role authenticator in database ${database.name} set pgrst.db_max_rows = 'many'`);
    await expect(rest.reload()).rejects.toThrow('pgrst.db_max_rows must be a whole number');
    expect((await rest.send('GET', '/clients')).status).toBe(200);
    await database.query(`alter role authenticator in database ${database.name} reset pgrst.db_max_rows`);
    await rest.reload();
  });

  test('schemas that do not exist are left out', async () => {
    const { rest } = await fixtureWith({ PGRST_DB_SCHEMAS: 'nowhere,test,elsewhere' });
    expect((await rest.send('GET', '/clients?select=id&id=eq.1')).json()).toEqual([{ id: 1 }]);
    expect((await rest.send('GET', '/clients', { headers: { 'accept-profile': 'nowhere' } })).status).toBe(406);
  });
});

describe('a database that is not there', () => {
  test('is 503 until it is, and then everything works', async () => {
    const { database } = await fixtureWith();
    const target = database.connection('authenticator');
    const connection = { ...target, database: `${database.name}_late` };
    const rest = await startRest(connection);
    onTestFinished(() => rest.stop());
    const reply = await rest.send('GET', '/clients');
    expect([reply.status, reply.json()]).toEqual([
      503,
      expect.objectContaining({
        code: 'PGRST002',
        message: 'Could not query the database for the schema cache. Retrying.',
      }),
    ]);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(reply.headers['proxy-status']).toBe('PostgREST; error=PGRST002');
    expect(rest.health()).toMatchObject({ status: 'unhealthy' });
    const bad = await rest.send('GET', '/clients', { headers: { authorization: 'Bearer x' } });
    expect(bad.status).toBe(401);
    await database.query(`create database ${database.name}_late`);
    onTestFinished(async () => void (await database.query(`drop database ${database.name}_late with (force)`)));
    await eventually(
      async () => (await rest.send('GET', '/clients')).json(),
      expect.objectContaining({ code: 'PGRST205' }),
    );
    await eventually(isListening(rest), 'healthy');
  });

  test('connections that were cut are replaced', async () => {
    const { rest, database } = await fixtureWith();
    await Promise.all(Array.from({ length: 5 }, () => rest.send('GET', '/clients')));
    const hanging = rest.send('POST', '/rpc/slow', { role: 'service_role', body: { seconds: 5 } });
    await sleep(100);
    await database.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and usename = 'authenticator'`);
    const cut = await hanging;
    expect([cut.status, cut.json()]).toEqual([503, expect.objectContaining({ code: '57P01' })]);
    expect(Number(cut.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    await eventually(statusOf(rest, '/clients'), 200);
    await eventually(isListening(rest), 'healthy');
  });

  test('too many at once are told to come back', async () => {
    const { rest } = await fixtureWith({
      PGRST_DB_POOL: '1',
      STACK_REST_QUEUE: '1',
      PGRST_DB_POOL_ACQUISITION_TIMEOUT: '200ms',
    });
    await rest.send('GET', '/clients');
    const slow = () => rest.send('POST', '/rpc/slow', { role: 'service_role', body: { seconds: 0.6 } });
    const replies = await Promise.all([slow(), slow(), slow()]);
    const codes = replies.map(({ status, body }) => [
      status,
      status === 204 ? '' : (JSON.parse(body) as { code: string }).code,
    ]);
    expect(codes).toEqual([
      [204, ''],
      [504, 'PGRST003'],
      [503, 'STACK503'],
    ]);
    expect(replies[2]?.headers['retry-after']).toBeDefined();
  });
});
