import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type FunctionsUnderTest, startFunctions, testServiceKey } from './testing/functions-under-test.ts';

let own: TestDatabase;
let room: FunctionsUnderTest | undefined;

beforeAll(async () => {
  own = await testDatabase();
});
afterEach(async () => {
  await room?.stop();
  room = undefined;
});
afterAll(() => own.drop());

const settings = { FUNCTIONS_TRIGGER_DELAY: '20ms', FUNCTIONS_TRIGGER_ATTEMPTS: '3' };
const start = (files: Readonly<Record<string, string>>) =>
  startFunctions(files, settings, () => own.connection('supabase_admin'));

async function manage(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${room?.url}/v1/projects/default/${path}`, {
    method,
    headers: { authorization: `Bearer ${testServiceKey}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as never };
}

interface Shown {
  readonly id: string;
  readonly target: string;
  readonly payload: {
    readonly type: string;
    readonly record: { readonly word?: string; readonly name?: string } | null;
  };
  readonly attempts: readonly { readonly status: number | null; readonly error: string | null }[];
}

const deliveries = async (state: string): Promise<readonly Shown[]> =>
  (await manage('GET', `function-deliveries?state=${state}`)).json;

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !(await condition()); await new Promise((done) => setTimeout(done, 20)))
    if (performance.now() > end) throw new Error('it did not happen');
}

const recorder = `const seen = [];
  Deno.serve(async (request) => {
    if (request.method === 'GET') return Response.json(seen);
    const body = await request.json();
    seen.push([request.headers.get('x-trigger'), request.headers.get('x-delivery-attempt'), body.type]);
    if (body.record?.word === 'bad') return new Response('I do not like it', { status: 422 });
    return new Response(null, { status: 204 });
  });`;

test('changes of a table and objects of a bucket reach their functions, those that fail become dead letters', async () => {
  room = await start({ 'hears/index.ts': recorder });
  expect((await manage('GET', 'function-triggers')).json).toEqual([]);
  expect(
    (await manage('PUT', 'function-triggers/rows', { function: 'hears', table: 'public.words' })).json,
  ).toMatchObject({
    message: expect.stringContaining('words'),
  });
  await own.query('create table public.words (id int primary key, word text)');
  const put = await manage('PUT', 'function-triggers/rows', {
    function: 'hears',
    table: 'public.words',
    events: ['insert', 'delete'],
  });
  expect([put.status, put.json]).toEqual([
    200,
    expect.objectContaining({
      name: 'rows',
      function: 'hears',
      table: 'public.words',
      events: ['insert', 'delete'],
      origin: 'api',
    }),
  ]);
  // As far as it matters here; the storage room makes it otherwise.
  await own.query('create table storage.objects (bucket_id text, name text)');
  await manage('PUT', 'function-triggers/files', { function: 'hears', bucket: "it's", events: ['insert'] });

  await own.query(`insert into public.words values (1, 'good')`);
  await own.query(`update public.words set word = 'better'`);
  await own.query('delete from public.words');
  // What is rolled back has not happened.
  await own.query(`begin; insert into public.words values (2, 'never'); rollback`);
  await own.query(`insert into storage.objects (bucket_id, name) values ('it''s', 'in.png'), ('other', 'out.png')`);
  await until(async () => (await deliveries('delivered')).length === 3);
  const delivered = await deliveries('delivered');
  expect(
    delivered
      .map(({ target, payload }) => [target, payload.type, payload.record?.word ?? payload.record?.name ?? null])
      .sort(),
  ).toEqual([
    ['files', 'INSERT', 'in.png'],
    ['rows', 'DELETE', null],
    ['rows', 'INSERT', 'good'],
  ]);
  expect(((await (await fetch(`${room.url}/hears`)).json()) as unknown[]).length).toBe(3);

  await own.query(`insert into public.words values (3, 'bad')`);
  await until(async () => (await deliveries('dead')).length === 1);
  const [dead] = await deliveries('dead');
  expect(dead?.attempts.map(({ status, error }) => [status, error])).toEqual([
    [422, 'I do not like it'],
    [422, 'I do not like it'],
    [422, 'I do not like it'],
  ]);
  room.write({ 'hears/index.ts': `Deno.serve(() => new Response('all is well'));` });
  await until(async () => (await (await fetch(`${room?.url}/hears`)).text()) === 'all is well');
  expect((await manage('POST', `function-deliveries/${dead?.id}/retry`)).json).toEqual({ retried: 1 });
  await until(async () => (await deliveries('delivered')).length === 4);
  expect((await manage('POST', `function-deliveries/${dead?.id}/retry`)).status).toBe(404);

  expect((await manage('DELETE', 'function-triggers/rows')).status).toBe(200);
  expect((await manage('DELETE', 'function-triggers/rows')).status).toBe(404);
  const left = await own.query(`select tgname from pg_trigger where tgname like 'pmoves_function_%'`);
  expect(left).toEqual([{ tgname: 'pmoves_function_files' }]);
});

test('what was committed while nobody ran is delivered at the next start, and config.toml binds too', async () => {
  await own.query('create table public.later (id int)');
  room = await start({ 'hears/index.ts': recorder });
  await manage('PUT', 'function-triggers/later', { function: 'hears', table: 'public.later' });
  await room.stop();
  await own.query('insert into public.later values (1)');
  await own.query('create table public.bound (id int)');
  const config = `[functions.hears.triggers.bound]\ntable = "public.bound"\nevents = ["insert"]\n`;
  room = await start({ 'hears/index.ts': recorder, '../supabase/config.toml': config });
  await until(async () => (await deliveries('delivered')).some(({ target }) => target === 'later'));
  await until(async () =>
    ((await manage('GET', 'function-triggers')).json as { name: string }[]).some(({ name }) => name === 'bound'),
  );
  await own.query('insert into public.bound values (1)');
  await until(async () => (await deliveries('delivered')).some(({ target }) => target === 'bound'));
  await room.stop();
  room = await start({ 'hears/index.ts': recorder });
  await until(
    async () =>
      !((await manage('GET', 'function-triggers')).json as { name: string }[]).some(({ name }) => name === 'bound'),
  );
});

test('a schedule is a job of pg_cron, and needs it', async () => {
  room = await start({ 'hears/index.ts': recorder });
  const nightly = { function: 'hears', cron: '0 3 * * *', payload: { a: 1 } };
  // Its interface, without its clock.
  await own.query('drop extension if exists pg_cron cascade; drop schema if exists cron cascade');
  expect((await manage('PUT', 'function-triggers/nightly', nightly)).json).toEqual({
    message: 'Trigger nightly: schedules need the extension pg_cron in this database',
  });
  await own.query(`
    create schema cron;
    create table cron.job (jobname text primary key, schedule text, command text);
    create function cron.schedule(text, text, text) returns bigint language sql as
      'insert into cron.job values ($1, $2, $3); select 1::bigint';
    create function cron.unschedule(text) returns boolean language sql as
      'delete from cron.job where jobname = $1 returning true'`);
  expect((await manage('PUT', 'function-triggers/nightly', { ...nightly, cron: '0 4 * * *' })).status).toBe(200);
  expect((await manage('PUT', 'function-triggers/nightly', nightly)).status).toBe(200);
  const jobs = await own.query<{ schedule: string; command: string }>('select schedule, command from cron.job');
  expect(jobs.map(({ schedule }) => schedule)).toEqual(['0 3 * * *']);
  await own.query(jobs[0]?.command as string);
  await until(async () => (await deliveries('delivered')).some(({ target }) => target === 'nightly'));
  const [delivered] = await deliveries('delivered');
  expect(delivered?.payload).toMatchObject({ type: 'CRON', trigger: 'nightly', payload: { a: 1 } });
  expect((await manage('PUT', 'function-triggers/nightly', { ...nightly, enabled: false })).status).toBe(200);
  expect(await own.query('select from cron.job')).toEqual([]);
});

test('without a database there are none, and everything else is', async () => {
  room = await startFunctions({ 'one/index.ts': `Deno.serve(() => new Response('ok'));` });
  expect((await fetch(`${room.url}/one`)).status).toBe(200);
  const { status, json } = await manage('GET', 'function-triggers');
  expect([status, json]).toEqual([503, { message: 'Triggers need a database in which tables can be made' }]);
});
