import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type Client, connectClient } from './client.ts';
import { createDatabase } from './database.ts';
import { type PipelineStep, runPipeline } from './pipeline.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

let own: TestDatabase;
let client: Client;

beforeAll(async () => {
  own = await testDatabase();
  await own.query(`
    create table items (id int primary key, name text, owner text default current_user);
    insert into items values (1, 'one'), (2, 'two');
    grant select, insert, update on items to anon, authenticated;
    alter table items enable row level security;
    create policy members on items for all to authenticated using (true) with check (true);`);
});
afterAll(() => own.drop());

beforeEach(async () => {
  client = await connectClient(own.connection('authenticator'), 20, true);
});
afterEach(() => client.pg.end());

const step = (text: string, values: PipelineStep['values'] = []): PipelineStep => ({ text, values });
const asRole = (role: string): PipelineStep => step("select set_config('role', $1, true)", [role]);
const run = (steps: readonly PipelineStep[], extra: Partial<Parameters<typeof runPipeline>[1]> = {}) =>
  runPipeline(client, { role: 'authenticated', begin: 'begin', steps, ...extra });

/** What goes over the connection's socket while `work` runs. */
async function writes(work: () => Promise<unknown>): Promise<Buffer[]> {
  const { stream } = (client.pg as unknown as { connection: { stream: Socket } }).connection;
  const original = stream.write;
  const seen: Buffer[] = [];
  stream.write = ((chunk: Buffer, ...rest: never[]) => {
    seen.push(Buffer.from(chunk));
    return original.call(stream, chunk, ...rest);
  }) as Socket['write'];
  try {
    await work();
  } finally {
    stream.write = original;
  }
  return seen;
}

/** Text of a statement as the server's own catalogue of this session's prepared statements knows it. */
async function prepared(): Promise<string[]> {
  const { rows } = await client.pg.query('select statement from pg_prepared_statements order by prepare_time');
  return rows.map(({ statement }) => statement as string);
}

describe('a whole transaction', () => {
  test('leaves in one write, and gives back the rows of its steps as texts', async () => {
    let results: Awaited<ReturnType<typeof run>> = [];
    const sent = await writes(async () => {
      results = await run([asRole('authenticated'), step('select id, name, null from items where id = $1', ['2'])]);
    });
    expect(sent).toHaveLength(1);
    expect(results.map(({ command }) => command)).toEqual(['SELECT 1', 'SELECT 1']);
    expect(results[1]?.rows).toEqual([['2', 'two', null]]);
  });

  test('is committed, and sets nothing beyond its end', async () => {
    await run([asRole('authenticated'), step("update items set name = 'uno' where id = 1")]);
    expect(await own.query('select name from items where id = 1')).toEqual([{ name: 'uno' }]);
    const { rows } = await client.pg.query('select current_user as name');
    expect(rows).toEqual([{ name: 'authenticator' }]);
  });

  test('is parsed once and then only bound', async () => {
    const steps = [asRole('authenticated'), step('select name from items where id = $1', ['1'])];
    const [first] = await writes(() => run(steps));
    const [second] = await writes(() => run(steps));
    expect(first?.includes('select name from items')).toBe(true);
    expect(second?.includes('select name from items')).toBe(false);
  });

  test('may hold an empty statement and one without rows', async () => {
    const results = await run([step(''), step('select where false'), step('values (1), (2)')]);
    expect(results).toEqual([
      { rows: [], command: '' },
      { rows: [], command: 'SELECT 0' },
      { rows: [['1'], ['2']], command: 'SELECT 2' },
    ]);
  });

  test('takes bytes as bytes', async () => {
    const [result] = await run([step("select encode($1::bytea, 'hex')", [Buffer.from([0, 255, 92])])]);
    expect(result?.rows).toEqual([['00ff5c']]);
  });

  test('can be rolled back on purpose, with its rows', async () => {
    const [, result] = await run([asRole('authenticated'), step("insert into items values (50, 'x') returning id")], {
      end: 'rollback',
    });
    expect(result?.rows).toEqual([['50']]);
    expect(await own.query('select 1 from items where id = 50')).toEqual([]);
  });
});

describe('a failing step', () => {
  test('rolls back all of it, is the error, and leaves the connection good', async () => {
    const insert = step("insert into items values (60, 'x')");
    await expect(run([asRole('authenticated'), insert, step('select 1 / $1::int', ['0'])])).rejects.toMatchObject({
      code: '22012',
      severity: 'ERROR',
    });
    expect(await own.query('select 1 from items where id = 60')).toEqual([]);
    expect(client.usable).toBe(true);
    expect((await run([step('select current_user')]))[0]?.rows).toEqual([['authenticator']]);
  });

  test('that cannot be parsed is parsed anew when it can be', async () => {
    const select = step('select count(*) from later');
    await expect(run([select])).rejects.toMatchObject({ code: '42P01' });
    await own.query('create table later (id int); grant select on later to authenticator');
    expect((await run([select]))[0]?.rows).toEqual([['0']]);
    await own.query('drop table later');
  });

  test('that wants data by COPY fails instead of hanging', async () => {
    await expect(run([step('copy items from stdin')])).rejects.toBeInstanceOf(Error);
    expect((await run([step('select 1')]))[0]?.rows).toEqual([['1']]);
  });

  test('never leaves a transaction open, whatever fails where', async () => {
    const good = fc.constantFrom('select 1', 'select 2', '', "select set_config('a.b', 'c', true)");
    const bad = fc.constantFrom('select 1/0', 'nonsense', 'select from nowhere', "select 'x'::int", 'commit; select 1');
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: bad }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (texts, prepare) => {
        const isBad = texts.some((text) => /1\/0|nonsense|nowhere|'x'|commit/.test(text));
        const outcome = await run(texts.map((text) => ({ text, values: [], prepare }))).then(
          (results) => results.length,
          () => 'failed',
        );
        expect(outcome).toBe(isBad ? 'failed' : texts.length);
        const { rows } = await client.pg.query(
          'select pg_current_xact_id_if_assigned() as id, now() = statement_timestamp() as alone',
        );
        expect(rows).toEqual([{ id: null, alone: 't' }]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('prepared statements', () => {
  test('are never shared between roles', async () => {
    const select = step('select count(*) from items');
    const rows = async (role: string) => (await run([asRole(role), select], { role }))[1]?.rows;
    expect(await rows('authenticated')).toEqual([['2']]);
    expect(await rows('anon')).toEqual([['0']]);
    expect(await rows('authenticated')).toEqual([['2']]);
    expect((await prepared()).filter((text) => text === select.text)).toHaveLength(2);
  });

  test('are bounded on the server as well', async () => {
    for (let n = 0; n < 60; n++) await run([step(`select ${n}`)]);
    await run([step('select 1')]);
    expect((await prepared()).length).toBeLessThanOrEqual(21);
    expect(client.statements.size).toBe(20);
  });

  test('can be left out for what comes only once', async () => {
    await run([{ text: 'select 12345', values: [], prepare: false }]);
    expect(await prepared()).not.toContain('select 12345');
  });

  test('survive a change of the schema: the transaction is sent again', async () => {
    await own.query(
      'create table changing (a int); insert into changing values (1); grant all on changing to authenticator',
    );
    const select = [step('select * from changing')];
    expect((await run(select))[0]?.rows).toEqual([['1']]);
    await own.query("alter table changing add column b text default 'new'");
    expect((await run(select))[0]?.rows).toEqual([['1', 'new']]);
    await own.query('drop table changing');
  });

  test.each(['discard all', 'deallocate all'])('survive %s', async (command) => {
    const select = [step('select name from items order by id limit 1')];
    await run([asRole('authenticated'), ...select]);
    await client.pg.query(command);
    expect((await run([asRole('authenticated'), ...select]))[1]?.rows).toHaveLength(1);
  });
});

describe('a commit that waits for the rows', () => {
  const insert = (id: number) => [asRole('authenticated'), step(`insert into items values (${id}, 'd') returning id`)];
  const exists = (id: number) => own.query('select id from items where id = $1', [id]);

  test('sees them, and commits or rolls back as decided', async () => {
    let seen: unknown;
    const sent = await writes(() =>
      run(insert(70), {
        end: (results) => {
          seen = results[1]?.rows;
          return 'commit';
        },
      }),
    );
    expect(seen).toEqual([['70']]);
    expect(sent).toHaveLength(2);
    expect(await exists(70)).toHaveLength(1);
    await run(insert(71), { end: () => 'rollback' });
    expect(await exists(71)).toEqual([]);
  });

  test('rolls back what it refuses, and the refusal is thrown on', async () => {
    const refusal = new Error('too many rows');
    const end = () => {
      throw refusal;
    };
    await expect(run(insert(72), { end })).rejects.toBe(refusal);
    expect(await exists(72)).toEqual([]);
    expect(client.usable).toBe(true);
    expect((await run([step('select 1')]))[0]?.rows).toEqual([['1']]);
  });

  test('that fails itself is an error (deferred constraints)', async () => {
    await own.query(`
      create table parents (id int primary key);
      create table children (parent int references parents deferrable initially deferred);
      grant all on parents, children to authenticator`);
    const orphan = [step('insert into children values (1)')];
    await expect(run(orphan)).rejects.toMatchObject({ code: '23503' });
    await expect(run(orphan, { end: () => 'commit' })).rejects.toMatchObject({ code: '23503' });
    expect(await own.query('select * from children')).toEqual([]);
    expect((await run([step('select 1')]))[0]?.rows).toEqual([['1']]);
  });
});

describe('brief transactions that share a connection', () => {
  const select = (n: number): PipelineStep => step('select $1::int, pg_backend_pid()', [String(n)]);
  const open = () => createDatabase({ connection: own.connection('authenticator'), size: 3, lanes: 1, rawText: true });
  type Shared = ReturnType<typeof open>;
  const send = (database: Shared, one: PipelineStep, signal?: AbortSignal) =>
    database.pipeline({ role: 'r', steps: [one], shares: true, ...(signal && { signal }) });
  const warmUp = async (database: Shared) => {
    for (let n = 0; n < 20; n++) await send(database, select(n));
  };

  test('each get their own answer, and no more connections are used than need be', async () => {
    const database = open();
    await warmUp(database);
    const results = await Promise.all(Array.from({ length: 12 }, (_, n) => send(database, select(n))));
    expect(results.map(([result]) => result?.rows[0]?.[0])).toEqual(Array.from({ length: 12 }, (_, n) => String(n)));
    expect(new Set(results.map(([result]) => result?.rows[0]?.[1])).size).toBe(1);
    await database.close();
  });

  test('fail alone', async () => {
    const database = open();
    const divide = (by: number) => send(database, step('select 10 / $1::int', [String(by)]));
    for (let n = 0; n < 20; n++) await divide(1);
    const settled = await Promise.allSettled([1, 0, 2, 0, 5].map(divide));
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect((await divide(5))[0]?.rows).toEqual([['2']]);
    await database.close();
  });

  test('are not ended by a client that goes away', async () => {
    const database = open();
    await warmUp(database);
    const abort = new AbortController();
    const others = [send(database, select(1)), send(database, select(2))];
    const gone = send(database, select(3), abort.signal);
    others.push(send(database, select(4)));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    abort.abort();
    await expect(gone).resolves.toHaveLength(1);
    expect((await Promise.all(others)).map(([result]) => result?.rows[0]?.[0])).toEqual(['1', '2', '4']);
    await database.close();
  });

  test('do not board a connection whose only one is being cancelled', async () => {
    const database = open();
    const sleep = (seconds: string, signal?: AbortSignal) =>
      send(database, step('select pg_backend_pid(), pg_sleep($1)', [seconds]), signal);
    for (let n = 0; n < 20; n++) await sleep('0');
    const abort = new AbortController();
    const gone = sleep('5', abort.signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
    abort.abort();
    const next = Promise.all([sleep('0'), sleep('0')]);
    await expect(gone).rejects.toMatchObject({ code: 'request_aborted' });
    expect(await next).toHaveLength(2);
    await database.close();
  });

  test('that turn out slow are alone from then on', async () => {
    const database = open();
    const sleep = (seconds: string) => send(database, step('select pg_backend_pid(), pg_sleep($1)', [seconds]));
    for (let n = 0; n < 20; n++) await sleep('0');
    await sleep('0.06');
    const pids = await Promise.all([sleep('0.05'), sleep('0.05'), sleep('0.05')]);
    expect(new Set(pids.map(([result]) => result?.rows[0]?.[0])).size).toBe(3);
    await database.close();
  });
});

describe('a transaction without a beginning', () => {
  const mode = step("select current_setting('transaction_isolation'), current_setting('transaction_read_only')");

  test('is one transaction all the same: what fails takes everything with it', async () => {
    const insert = step("insert into items values (90, 'x')");
    await expect(
      runPipeline(client, { role: 'authenticated', steps: [asRole('authenticated'), insert, step('select 1/0')] }),
    ).rejects.toMatchObject({ code: '22012' });
    expect(await own.query('select 1 from items where id = 90')).toEqual([]);
    await runPipeline(client, { role: 'authenticated', steps: [asRole('authenticated'), insert] });
    expect(await own.query('select 1 from items where id = 90')).toHaveLength(1);
    expect((await run([step('select current_user')]))[0]?.rows).toEqual([['authenticator']]);
  });

  test('is read committed and may write, whatever its role was given as default', async () => {
    await own.query(`alter role authenticator in database "${own.connection('authenticator').database}"
      set default_transaction_isolation = 'serializable'`);
    await own.query(`alter role authenticator in database "${own.connection('authenticator').database}"
      set default_transaction_read_only = on`);
    const other = await connectClient(own.connection('authenticator'), 20, true);
    const [result] = await runPipeline(other, { role: 'r', steps: [mode] });
    expect(result?.rows).toEqual([['read committed', 'off']]);
    await other.pg.end();
  });
});

describe('a lost connection', () => {
  test('fails the transaction and is not lent again', async () => {
    const { processID } = client.pg as unknown as { processID: number };
    const running = run([step('select pg_sleep(10)')]);
    running.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    await own.query('select pg_terminate_backend($1)', [processID]);
    await expect(running).rejects.toBeInstanceOf(Error);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(client.usable).toBe(false);
  });
});

describe('a client that goes away', () => {
  test('cancels its statement on the server, and others go on', async () => {
    const database = createDatabase({ connection: own.connection('authenticator'), size: 1, rawText: true });
    const abort = new AbortController();
    const slow = database.pipeline({
      role: 'r',
      begin: 'begin',
      steps: [step('select pg_sleep(30)')],
      signal: abort.signal,
    });
    const next = database.pipeline({ role: 'r', begin: 'begin', steps: [step('select 1')] });
    const sleepers = () =>
      own.query(
        "select 1 from pg_stat_activity where query like 'select pg_sleep(30)%' and state = 'active' and datname = current_database()",
      );
    while ((await sleepers()).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const began = performance.now();
    abort.abort();
    await expect(slow).rejects.toMatchObject({ code: 'request_aborted', status: 499 });
    expect((await next)[0]?.rows).toEqual([['1']]);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await sleepers()).toEqual([]);
    await database.close();
  });

  test('before its turn gets no connection at all', async () => {
    const database = createDatabase({ connection: own.connection('authenticator') });
    const transaction = { role: 'r', begin: 'begin', steps: [step('select 1')], signal: AbortSignal.abort() };
    await expect(database.pipeline(transaction)).rejects.toMatchObject({ code: 'request_aborted' });
    expect(database.stats.open).toBe(0);
    await database.close();
  });
});

test('what is quoted comes back as it was, and as the server itself quotes it', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => !value.includes('\0'));
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      const { rows } = await client.pg.query(
        `select ${quoteLiteral(value)} as literal, 1 as ${quoteIdentifier(value)}`,
      );
      const { literal, ...named } = rows[0];
      if (value !== 'literal')
        expect(Object.keys(named)).toEqual([
          Buffer.from(value)
            .subarray(0, 63)
            .toString()
            .replace(/\uFFFD+$/, ''),
        ]);
      expect(literal).toBe(value);
    }),
    { numRuns: 100 },
  );
});
