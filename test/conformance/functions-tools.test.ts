import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { newClient, signedUpClient, until } from '../support/client.ts';
import { runProgram, spawnProgram } from '../support/program.ts';
import { send } from '../support/raw-http.ts';
import { accessToken, sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';
import { runSupabaseCli } from '../support/supabase-cli.ts';
import { addFiles, makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// Functions as people work with them: by this program's commands and the official ones, with packages, at certain times.
const stack = sharedStack();
const folder = join(stack.cwd, 'volumes/functions');
const workspace = makeWorkspace({
  'supabase/config.toml': `project_id = "tools"\n[functions.official]\nverify_jwt = false\n`,
  'supabase/functions/_shared/greeting.ts': `export const greeting = 'hello';`,
  'supabase/functions/official/index.ts': `import { greeting } from '../_shared/greeting.ts';
    Deno.serve(() => new Response(greeting + ' ' + (Deno.env.get('OFFICIAL_SECRET') ?? 'nobody')));`,
  'mine/index.ts': `Deno.serve((request) => { console.log('asked by', request.method); return new Response(Deno.env.get('MY_SECRET') ?? 'unset'); });`,
  'profile.yaml': `name: own
api_url: ${stack.url}
dashboard_url: ${stack.url}
project_host: localhost
`,
});

afterAll(() => removeWorkspace(workspace));

const call = (name: string, options: Omit<Parameters<typeof send>[1], 'path'> = {}) =>
  send(stack.url, { ...options, path: `/functions/v1/${name}` });

/** Runs `functions …` of this program beside the stack. @returns what it printed */
async function functions(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(['functions', ...args], { cwd: stack.cwd });
  expect(code, stderr).toBe(0);
  return stdout;
}

describe('the commands of this program', () => {
  test('new makes a function that answers, and delete ends it', async () => {
    expect(await functions('new', 'fresh')).toContain(join(folder, 'fresh'));
    const answer = await call('fresh', { method: 'POST', body: '{"name":"you"}' });
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('you') });
    const again = await runProgram(['functions', 'new', 'fresh'], { cwd: stack.cwd });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('fresh') });
    await functions('delete', 'fresh');
    await until('its absence', async () => (await call('fresh')).status === 404);
  });

  test('deploy, list, secrets without a restart, and logs', async () => {
    await functions('deploy', join(workspace, 'mine'), '--verify-jwt');
    const listed = JSON.parse(await functions('list', '--json')) as { slug: string; verify_jwt: boolean }[];
    expect(listed.find(({ slug }) => slug === 'mine')).toMatchObject({
      verify_jwt: true,
      version: 1,
      status: 'ACTIVE',
    });
    await until('the token being asked for', async () => (await call('mine')).status === 401);
    await functions('deploy', join(workspace, 'mine'), '--no-verify-jwt');
    await until('it being open', async () => (await call('mine')).body === 'unset');

    await functions('secrets', 'set', 'MY_SECRET=of mine');
    await until('the secret', async () => (await call('mine')).body === 'of mine');
    expect(await functions('secrets', 'list')).toMatch(/^MY_SECRET\t(?!of mine)/m);
    await functions('secrets', 'unset', 'MY_SECRET');
    await until('its absence', async () => (await call('mine')).body === 'unset');

    expect(await functions('logs', 'mine')).toMatch(/ mine info asked by GET$/m);
  });

  test('serve follows the logs of a stack that runs', async () => {
    const serving = spawnProgram(['functions', 'serve'], { cwd: stack.cwd });
    let text = '';
    serving.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    await until('what was printed', async () => {
      await call('mine', { method: 'PUT' });
      return text.includes('asked by PUT');
    });
    const ended = new Promise((resolve) => serving.once('exit', resolve));
    serving.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  test('triggers: a schedule of pg_cron, and rows of a table', async () => {
    addFiles(folder, {
      'heard/index.ts': `const heard = []; Deno.serve(async (request) => {
        if (request.method === 'POST') heard.push(await request.json());
        return Response.json(heard);
      });`,
    });
    await runSql(
      stack,
      'create extension if not exists pg_cron; create table if not exists tool_rows (id int primary key)',
    );
    await functions('triggers', 'set', 'ticks', '--function', 'heard', '--cron', '1 second', '--payload', '{"a":1}');
    await functions(
      'triggers',
      'set',
      'rows',
      '--function',
      'heard',
      '--table',
      'public.tool_rows',
      '--events',
      'insert',
    );
    expect(await functions('triggers', 'list')).toBe(
      'rows\theard\ttable public.tool_rows\tinsert\nticks\theard\tcron 1 second\n',
    );
    await runSql(stack, 'insert into tool_rows values (7)');
    const heard = async () => JSON.parse((await call('heard')).body) as { type: string; record?: unknown }[];
    await until('the row', async () => (await heard()).some(({ type }) => type === 'INSERT'));
    await until('the time', async () => (await heard()).some(({ type }) => type === 'CRON'));
    const all = await heard();
    expect(all.find(({ type }) => type === 'INSERT')).toMatchObject({ table: 'tool_rows', record: { id: 7 } });
    expect(all.find(({ type }) => type === 'CRON')).toMatchObject({ payload: { a: 1 } });
    // It is noted after the answer.
    await until('its being noted', async () =>
      /^\d+\trows\tdelivered .*\t1 attempts\t200$/m.test(
        await functions('triggers', 'deliveries', '--state', 'delivered', '--trigger', 'rows'),
      ),
    );
    for (const name of ['ticks', 'rows']) await functions('triggers', 'delete', name);
    expect(await functions('triggers', 'list')).toBe('no triggers\n');
  });
});

describe('the Supabase CLI', () => {
  const ref = 'abcdefghijklmnopqrst';
  const cli = async (...args: string[]) => {
    const { code, stdout, stderr } = await runSupabaseCli(
      [...args, '--profile', join(workspace, 'profile.yaml'), '--project-ref', ref, '--yes'],
      { cwd: workspace, env: { SUPABASE_ACCESS_TOKEN: accessToken } },
    );
    expect(code, stdout + stderr).toBe(0);
    return stdout + stderr;
  };

  test('deploys, lists, sets secrets and deletes', async () => {
    await cli('functions', 'deploy', 'official', '--use-api');
    await until('the function', async () => (await call('official')).body === 'hello nobody');
    expect(await cli('functions', 'list')).toMatch(/official.*ACTIVE/);
    await cli('secrets', 'set', 'OFFICIAL_SECRET=somebody');
    await until('the secret', async () => (await call('official')).body === 'hello somebody');
    expect(await cli('secrets', 'list')).toContain('OFFICIAL_SECRET');
    await cli('secrets', 'unset', 'OFFICIAL_SECRET');
    await cli('functions', 'delete', 'official');
    await until('its absence', async () => (await call('official')).status === 404);
  });
});

describe('imports from elsewhere', () => {
  test.each([
    ['jsr:', `import 'jsr:@nobody/nothing@1';`, /jsr|nobody/],
    ['https:', `import 'https://127.0.0.1:1/nothing.ts';`, /127\.0\.0\.1:1\/nothing\.ts/],
    ['npm:', `import 'npm:there-is-no-such-package@1';`, /there-is-no-such-package/],
    ['private:', `import 'npm:@private/nothing@1';`, /127\.0\.0\.1:1\/@private/],
  ])('%s that cannot be fetched: no start, and the log says why', async (scheme, text, reason) => {
    const name = `fetches-${scheme.slice(0, -1)}`;
    addFiles(folder, {
      [`${name}/index.ts`]: `${text} Deno.serve(() => new Response('x'));`,
      [`${name}/.npmrc`]: '@private:registry=http://127.0.0.1:1/\n',
    });
    const { status, body } = await call(name);
    expect([status, JSON.parse(body).code]).toEqual([503, 'BOOT_ERROR']);
    const log = await send(stack.url, {
      path: `/v1/projects/default/functions/${name}/logs`,
      headers: { authorization: `Bearer ${accessToken}` },
    });
    const [entry] = JSON.parse(log.body) as { event_type: string; event_message: string }[];
    expect(entry).toMatchObject({ event_type: 'BootFailure', event_message: expect.stringMatching(reason) });
  });
});

describe('examples', () => {
  const deploy = (name: string) => functions('deploy', join(import.meta.dirname, '../../examples/functions', name));

  test('routes, with Hono from npm', async () => {
    await deploy('routes');
    expect(await call('routes/hello/you')).toMatchObject({ status: 200, body: '{"message":"Hello you!"}' });
    expect((await call('routes/sum', { method: 'POST', body: '[1,2,3]' })).body).toBe('{"sum":6}');
    expect((await call('routes/nothing')).status).toBe(404);
  });

  test('auth-claims, with supabase-js from npm: who the caller is, and what the table says of them', async () => {
    await runSql(stack, 'create table if not exists user_profiles (id uuid primary key, team text)');
    await deploy('auth-claims');
    const { client, id } = await signedUpClient(stack, `claims-${Date.now()}@example.com`);
    await runSql(stack, `insert into user_profiles values ('${id}', 'blue')`);
    await until('the table at the REST API', async () => {
      const { data } = await client.functions.invoke('auth-claims');
      return data !== null;
    });
    const { data, error } = await client.functions.invoke('auth-claims');
    expect([error, data]).toEqual([null, { sub: id, role: 'authenticated', claims: { id, team: 'blue' } }]);
    const stranger = await newClient(stack, stack.env.anonKey).functions.invoke('auth-claims');
    expect((stranger.error.context as Response).status).toBe(401);
  });

  test("ai-stream, with a model's server in the form of OpenAI", async () => {
    const asked: unknown[] = [];
    const model = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        asked.push([request.url, JSON.parse(body)]);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end('data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n');
      });
    });
    await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
    try {
      await functions(
        'secrets',
        'set',
        `AI_INFERENCE_API_HOST=http://127.0.0.1:${(model.address() as AddressInfo).port}`,
      );
      await deploy('ai-stream');
      const answer = await call('ai-stream', { method: 'POST', body: '{"prompt":"Hi","model":"small"}' });
      expect(answer).toMatchObject({ status: 200, body: 'data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n' });
      expect(asked).toEqual([
        ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }], model: 'small', stream: true }],
      ]);
    } finally {
      await functions('secrets', 'unset', 'AI_INFERENCE_API_HOST');
      model.close();
    }
  });
});
