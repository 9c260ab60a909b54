import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type FunctionsUnderTest, startFunctions, testServiceKey } from './testing/functions-under-test.ts';

let room: FunctionsUnderTest | undefined;

afterEach(async () => {
  await room?.stop();
  room = undefined;
});

const get = async (path: string, init?: RequestInit) => {
  const answer = await fetch((room?.url ?? '') + path, init);
  return { status: answer.status, text: await answer.text() };
};

const manage = async (method: string, path: string, body?: unknown, key = testServiceKey) => {
  const isRaw = typeof body === 'string' || body instanceof FormData;
  const answer = await fetch(`${room?.url}/v1/projects/default/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, json: () => JSON.parse(text) as never };
};

const messages = () =>
  (room?.journal ?? []).flatMap((entry) =>
    entry.kind === 'log' ? [`${entry.event_type} ${entry.event_message}`] : [],
  );

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 15_000; !(await condition()); await sleep(20))
    if (performance.now() > end) throw new Error(`${what} did not happen`);
}

test('a worker at the end of its wall clock answers 546 to what is left', async () => {
  room = await startFunctions(
    { 'slow/index.ts': `Deno.serve(() => new Promise(() => {}));` },
    { FUNCTIONS_WALL_CLOCK_LIMIT: '1s' },
  );
  const { status, text } = await get('/slow');
  expect([status, JSON.parse(text).code]).toEqual([546, 'WORKER_LIMIT']);
  expect(messages()).toContain('Shutdown shutdown (reason: WallClockTime)');
});

test('a function that is silent too long', async () => {
  room = await startFunctions(
    { 'silent/index.ts': `Deno.serve(() => new Promise(() => {}));` },
    { FUNCTIONS_REQUEST_IDLE_TIMEOUT: '300ms' },
  );
  const { status, text } = await get('/silent');
  expect([status, JSON.parse(text).message]).toEqual([504, 'The upstream server is timing out']);
});

test('what a function prints, and promises that outlive the answer', async () => {
  room = await startFunctions(
    {
      'talks/index.ts': `addEventListener('beforeunload', (event) => console.log('told', event.detail.reason));
        Deno.serve(() => {
          console.debug('d'); console.warn('w', { a: 1 }); console.error('e'); Deno.stdout.writeSync(new TextEncoder().encode('raw\\n'));
          EdgeRuntime.waitUntil(new Promise((resolve) => setTimeout(() => { console.log('later'); resolve(1); }, 400)));
          return new Response('ok');
        });`,
    },
    { FUNCTIONS_WORKER_IDLE_TIMEOUT: '100ms' },
  );
  expect((await get('/talks')).text).toBe('ok');
  await until('its end', () => messages().some((message) => message.startsWith('Shutdown')));
  const logged = messages();
  expect(logged).toEqual(
    expect.arrayContaining(['Log d', 'Log w { a: 1 }', 'Log e', 'Log raw', 'Log told early_drop']),
  );
  expect(logged.indexOf('Log later')).toBeLessThan(logged.indexOf('Shutdown shutdown (reason: EarlyDrop)'));
  const levels = room.journal.flatMap((entry) =>
    entry.kind === 'log' && entry.event_type === 'Log' ? [entry.level] : [],
  );
  expect(levels.slice(0, 3)).toEqual(['debug', 'warning', 'error']);
  const answered = room.journal.find(({ kind }) => kind === 'invocation') as { request_id: string };
  const requestOf = (text: string) =>
    room?.journal.flatMap((entry) => (entry.kind === 'log' && entry.event_message === text ? [entry.request_id] : []));
  for (const text of ['d', 'w { a: 1 }', 'e', 'later']) expect(requestOf(text)).toEqual([answered.request_id]);
  expect(requestOf('told early_drop')).toEqual([undefined]);
  expect((await room.health()).workers).toBe(0);
});

test('secrets come with the next request, and files show none', async () => {
  room = await startFunctions({
    'asks/index.ts': `const word = Deno.env.get('WORD') ?? null; Deno.serve(() => Response.json(word));`,
  });
  expect((await get('/asks')).text).toBe('null');
  expect((await manage('POST', 'secrets', [{ name: 'WORD', value: 'sesame' }])).status).toBe(201);
  // A start that takes long is not waited for; the old worker answers meanwhile.
  await until('the secret', async () => (await get('/asks')).text === '"sesame"');
  expect((await manage('GET', 'secrets')).json()).toMatchObject([
    { name: 'WORD', value: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
  expect((await manage('DELETE', 'secrets', ['WORD'])).status).toBe(200);
  await until('its end', async () => (await get('/asks')).text === 'null');
  expect((await manage('POST', 'secrets', [{ name: 'SUPABASE_URL', value: 'x' }])).status).toBe(400);
});

test('functions are deployed, shown, changed and removed over HTTP', async () => {
  room = await startFunctions({});
  const form = new FormData();
  form.set(
    'metadata',
    JSON.stringify({ name: 'Greeter', entrypoint_path: 'supabase/functions/greet/main.ts', verify_jwt: false }),
  );
  form.append(
    'file',
    new File(
      [`import { word } from './word.ts'; Deno.serve(() => new Response(word));`],
      'supabase/functions/greet/main.ts',
    ),
  );
  form.append('file', new File([`export const word = 'deployed';`], 'supabase/functions/greet/word.ts'));
  const deployed = await manage('POST', 'functions/deploy?slug=greet', form);
  expect([deployed.status, deployed.json()]).toEqual([
    201,
    expect.objectContaining({ slug: 'greet', name: 'Greeter', version: 1, status: 'ACTIVE', verify_jwt: false }),
  ]);
  expect((await get('/greet')).text).toBe('deployed');

  expect((await manage('PUT', 'functions/greet/files/word.ts', `export const word = 'edited';`)).status).toBe(200);
  await until('the edited function', async () => (await get('/greet')).text === 'edited');
  expect((await manage('GET', 'functions/greet/files')).json()).toMatchObject([
    { path: 'main.ts' },
    { path: 'word.ts' },
  ]);
  expect((await manage('GET', 'functions/greet/files/word.ts')).text).toBe(`export const word = 'edited';`);

  expect((await manage('PATCH', 'functions/greet', { verify_jwt: true })).json()).toMatchObject({ verify_jwt: true });
  expect((await get('/greet')).status).toBe(401);
  expect((await manage('GET', 'functions')).json()).toMatchObject([{ slug: 'greet' }]);
  const invocations = (await manage('GET', 'functions/greet/invocations')).json() as { status_code: number }[];
  const codes = invocations.map(({ status_code: status }) => status);
  expect([new Set(codes.slice(0, -1)), codes.at(-1)]).toEqual([new Set([200]), 401]);
  const logs = (await manage('GET', 'functions/greet/logs')).json() as { event_type: string }[];
  expect(logs.filter(({ event_type: type }) => type === 'Boot')).toHaveLength(2);

  expect((await manage('DELETE', 'functions/greet')).status).toBe(200);
  expect((await get('/greet')).status).toBe(404);
  expect(existsSync(`${room.folder}/greet`)).toBe(false);
});

test('who may manage, and what no path leads to', async () => {
  room = await startFunctions({ 'one/index.ts': '' });
  expect((await manage('GET', 'functions', undefined, 'another')).status).toBe(401);
  const attempts = ['..%2f..%2fsecrets.json', '%2e%2e/secrets.json', '/etc/passwd', 'a/../../../x', 'a%00b'];
  for (const path of attempts) {
    const answer = await manage('PUT', `functions/one/files/${path}`, 'x');
    expect([400, 404, 405], path).toContain(answer.status);
  }
  for (const slug of ['..', 'main', '_shared', 'a.b', ''])
    expect((await manage('POST', 'functions', { slug, body: 'x' })).status, slug).toBe(400);
  const outside = new FormData();
  outside.append('file', new File(['x'], '../../escape.ts'));
  expect((await manage('POST', 'functions/deploy?slug=two', outside)).status).toBe(400);
  expect((await manage('GET', 'nothing')).status).toBe(404);
  expect((await manage('PUT', 'secrets')).status).toBe(405);
});

test('workers run as another user when the program is root, and end with their room', async () => {
  room = await startFunctions({ 'pid/index.ts': `Deno.serve(() => Response.json(Deno.pid));` });
  const pid = Number((await get('/pid')).text);
  if (process.platform === 'linux' && process.getuid?.() === 0)
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).not.toMatch(/^Uid:\s+0\s/m);
  await room.stop();
  room = undefined;
  expect(() => process.kill(pid, 0)).toThrow();
});

test('an inference server is asked in its own interface', async () => {
  room = await startFunctions({
    'server/index.ts': `Deno.serve(async (request) => {
      const { pathname } = new URL(request.url);
      const body = await request.json();
      if (pathname.endsWith('/embeddings')) return Response.json({ data: [{ embedding: [body.input.length] }] });
      if (pathname.endsWith('/generate')) return body.stream ? new Response('{"response":"a"}\\n{"response":"b"}\\n') : Response.json({ response: body.prompt });
      return body.stream ? new Response('data: {"n":1}\\n\\ndata: {"n":2}\\n\\ndata: [DONE]\\n\\n') : Response.json(body.messages);
    });`,
    'asks/index.ts': `Deno.serve(async () => {
      const all = async (parts) => { const list = []; for await (const part of await parts) list.push(part); return list; };
      const model = new Supabase.ai.Session('llama');
      const mode = 'openaicompatible';
      return Response.json([
        await new Supabase.ai.Session('gte-small').run('text', { mean_pool: true, normalize: true }),
        await model.run('hi'), await all(model.run('hi', { stream: true })),
        await model.run('hi', { mode }), await all(model.run({ messages: [] }, { mode, stream: true })),
      ]);
    });`,
  });
  const first = room;
  first.write({ '.env': `AI_INFERENCE_API_HOST=${first.url}/server\n` });
  expect(JSON.parse((await get('/asks')).text)).toEqual([
    [4],
    { response: 'hi' },
    [{ response: 'a' }, { response: 'b' }],
    [{ role: 'user', content: 'hi' }],
    [{ n: 1 }, { n: 2 }],
  ]);
});

test('types are checked before a start where that is wanted', async () => {
  room = await startFunctions(
    {
      'wrong/index.ts': `const n: number = 'text'; Deno.serve(() => new Response(String(n)));`,
      'right/index.ts': `import { two } from 'two';
        Deno.serve(() => { EdgeRuntime.waitUntil(Promise.resolve(two)); return new Response(String(typeof Supabase.ai.Session)); });`,
      'right/package.json': `{ "imports": {} }`,
      'right/deno.json': `{ "imports": { "two": "./two.ts" } }`,
      'right/two.ts': `export const two: number = 2;`,
    },
    { FUNCTIONS_TYPE_CHECK: 'true' },
  );
  const { status, text } = await get('/wrong');
  expect([status, JSON.parse(text).code]).toEqual([503, 'BOOT_ERROR']);
  const [failure = ''] = messages();
  expect(failure).toMatch(/^BootFailure worker boot error: .*TS2322/s);
  expect(failure).toContain(`${room.folder}/wrong/index.ts:1:7`);
  expect(await get('/right')).toEqual({ status: 200, text: 'function' });
  room.write({ 'wrong/index.ts': `const n: number = 1; Deno.serve(() => new Response(String(n)));` });
  await until('the corrected one', async () => (await get('/wrong')).text === '1');
}, 120_000);

test('per request: requests meet no other in their worker, and processor time counts for each anew', async () => {
  room = await startFunctions(
    {
      'counts/index.ts': `let open = 0; Deno.serve(async () => {
        open++;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return Response.json(open--);
      });`,
      'burns/index.ts': `let all = 0; Deno.serve(() => {
        for (const end = performance.now() + 100; performance.now() < end; );
        return Response.json(++all);
      });`,
    },
    {
      FUNCTIONS_POLICY: 'per_request',
      FUNCTIONS_MAX_PARALLEL: '2',
      FUNCTIONS_CPU_SOFT_LIMIT: '350ms',
      FUNCTIONS_CPU_HARD_LIMIT: '400ms',
    },
  );
  const answers = await Promise.all(Array.from({ length: 5 }, () => get('/counts')));
  expect(answers.map(({ text }) => text)).toEqual(['1', '1', '1', '1', '1']);
  expect((await room.health()).workers).toBe(2);
  for (const count of ['1', '2', '3', '4', '5', '6']) expect((await get('/burns')).text).toBe(count);
});

test('oneshot: each request has a worker of its own', async () => {
  room = await startFunctions(
    { 'counts/index.ts': `let all = 0; Deno.serve(() => new Response(String(++all)));` },
    { FUNCTIONS_POLICY: 'oneshot' },
  );
  for (let count = 0; count < 2; count++) expect((await get('/counts')).text).toBe('1');
});

test('a function that does not get ready', async () => {
  room = await startFunctions(
    { 'hangs/index.ts': `await new Promise(() => {});` },
    { FUNCTIONS_BOOT_TIMEOUT: '500ms' },
  );
  const { status, text } = await get('/hangs');
  expect([status, JSON.parse(text).code]).toEqual([503, 'BOOT_ERROR']);
  expect(messages()).toContain('BootFailure worker boot error: worker did not respond in time');
});

test('bounds of what there may be, each hit on purpose', async () => {
  room = await startFunctions(
    {
      'busy/index.ts': `Deno.serve(() => new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) })));`,
      'other/index.ts': `Deno.serve(() => new Response('ok'));`,
    },
    {
      FUNCTIONS_MAX_WORKERS: '1',
      FUNCTIONS_WAIT_TIMEOUT: '50ms',
      FUNCTIONS_MAX_DEPLOYMENT_SIZE: '2KB',
      FUNCTIONS_MAX_FUNCTIONS: '1',
      FUNCTIONS_MAX_SECRETS: '1',
      FUNCTIONS_MAX_SECRET_SIZE: '10',
    },
  );
  const client = new AbortController();
  await fetch(`${room.url}/busy`, { signal: client.signal });
  const { status, text } = await get('/other');
  expect([status, JSON.parse(text).code]).toEqual([503, 'OVERLOADED']);
  client.abort();
  // The idle worker makes way.
  await until('the other one', async () => (await get('/other')).text === 'ok');

  const deploy = async (slug: string, body: string) =>
    (await manage('POST', 'functions', { slug, name: slug, body })).status;
  expect(await deploy('large', `//${'x'.repeat(3_000)}`)).toBe(413);
  expect([await deploy('first', '1'), await deploy('second', '1')]).toEqual([201, 402]);
  const secret = async (name: string, value: string) => (await manage('POST', 'secrets', [{ name, value }])).status;
  expect(await secret('A', 'x'.repeat(11))).toBe(400);
  expect([await secret('A', '1'), await secret('B', '2'), await secret('A', '3')]).toEqual([201, 400, 201]);
});
