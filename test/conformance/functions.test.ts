import { createHmac } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FunctionsHttpError } from '@supabase/supabase-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { newClient, until } from '../support/client.ts';
import { send } from '../support/raw-http.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { addFiles } from '../support/workspace.ts';
import { functionCases, functionFiles } from './fixtures/functions.ts';

// User code behind /functions/v1: folders as somebody writes them for Supabase, called raw and by the official client.
const stack = sharedStack();
const anyone = newClient(stack, stack.env.anonKey);
const base = `${stack.url}/functions/v1`;

const write = (files: Readonly<Record<string, string | Uint8Array>>) =>
  addFiles(join(stack.cwd, 'volumes/functions'), files);

const sleeping = '(milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))';

beforeAll(() => {
  write(functionFiles(functionCases));
  write({
    'client/index.ts': `Deno.serve(async (request) => {
      const type = request.headers.get('content-type') ?? '';
      if (type.includes('json')) return Response.json({ got: await request.json() });
      if (type.includes('form-data')) return Response.json({ form: [...(await request.formData()).keys()] });
      return new Response(await request.text(), { headers: { 'content-type': 'text/plain' } });
    });`,
    'refuses/index.ts': `Deno.serve(() => Response.json({ why: 'mine' }, { status: 422 }));`,
    'events/index.ts': `const sleep = ${sleeping};
    Deno.serve(() => new Response(new ReadableStream({ async start(controller) {
      for (let n = 0; n < 3; n++) { controller.enqueue(new TextEncoder().encode('data: ' + n + '\\n\\n')); await sleep(20); }
      controller.close();
    } }), { headers: { 'content-type': 'text/event-stream' } }));`,
    'echo-stream/index.ts': `Deno.serve((request) => new Response(request.body));`,
    'socket/index.ts': `Deno.serve((request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, { protocol: 'b' });
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    });`,
    'aborted/index.ts': `let aborted = 0;
    Deno.serve((request) => {
      if (new URL(request.url).searchParams.has('count')) return Response.json(aborted);
      request.signal.addEventListener('abort', () => aborted++);
      return new Promise(() => {});
    });`,
    'table/index.ts': `Deno.serve(async () => {
      const key = Deno.env.get('SUPABASE_SERVICE_ROLE_KEY');
      const answer = await fetch(Deno.env.get('SUPABASE_URL') + '/auth/v1/settings', { headers: { apikey: key } });
      return Response.json(answer.status);
    });`,
    'guarded/index.ts': `Deno.serve((request) => new Response(request.method));`,
    'switched-off/index.ts': `Deno.serve(() => new Response('on'));`,
    'named-entry/main.ts': `Deno.serve(() => new Response('by its own entry'));`,
    'burns/index.ts': `Deno.serve(() => { for (;;) ; });`,
    'hoards/index.ts': `Deno.serve(() => { const all = []; for (;;) all.push(new Array(100_000).fill(Math.random())); });`,
    'hoards-outside/index.ts': `Deno.serve(async () => { const all = []; for (;;) { all.push(new Uint8Array(8_000_000).fill(1)); await 0; if (all.length % 4 === 0) await new Promise((r) => setTimeout(r, 5)); } });`,
  });
  addFiles(stack.cwd, {
    'supabase/config.toml': `[functions.guarded]
verify_jwt = true

[functions.switched-off]
enabled = false

[functions.named-entry]
entrypoint = "./functions/named-entry/main.ts"
`,
  });
});

describe('sixty functions and more', () => {
  test('the table is complete', () => {
    expect(functionCases.length).toBeGreaterThanOrEqual(60);
    expect(new Set(functionCases.map(({ name }) => name)).size).toBe(functionCases.length);
  });

  test.each(functionCases.map((each) => [each.says, each] as const))('%s', async (_says, each) => {
    const answer = await fetch(`${base}/${each.name}${each.path ?? ''}`, {
      method: each.method ?? 'GET',
      redirect: 'manual',
      ...(each.headers && { headers: each.headers }),
      ...(each.body !== undefined && { body: each.body }),
    });
    const text = await answer.text();
    expect(answer.status, text).toBe(each.status ?? 200);
    if (typeof each.answer === 'string') expect([each.answer, JSON.stringify(each.answer)]).toContain(text);
    else expect(JSON.parse(text)).toEqual(each.answer);
    for (const [name, value] of Object.entries(each.answered ?? {})) expect(answer.headers.get(name)).toBe(value);
  });
});

describe('the official client', () => {
  test('JSON, text and forms go there and back', async () => {
    expect((await anyone.functions.invoke('client', { body: { a: [1] } })).data).toEqual({ got: { a: [1] } });
    expect((await anyone.functions.invoke('client', { body: 'plain' })).data).toBe('plain');
    const form = new FormData();
    form.set('field', 'x');
    expect((await anyone.functions.invoke('client', { body: form })).data).toEqual({ form: ['field'] });
    expect((await anyone.functions.invoke('method-delete', { method: 'DELETE' })).data).toEqual(['DELETE', '']);
  });

  test("a function's own failure, and that of a worker", async () => {
    const { error } = await anyone.functions.invoke('refuses');
    expect(error).toBeInstanceOf(FunctionsHttpError);
    expect(await (error.context as Response).json()).toEqual({ why: 'mine' });
    const broken = await anyone.functions.invoke('broken-start');
    expect((broken.error.context as Response).status).toBe(503);
  });

  test('events come as they are made', async () => {
    const { data, error } = await anyone.functions.invoke('events');
    expect(error).toBeNull();
    expect(await (data as Response).text()).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n');
  });
});

describe('routing', () => {
  test.each([
    ['/functions/v1', 400, '{"msg":"missing function name in request"}'],
    ['/functions/v1/', 400, '{"msg":"missing function name in request"}'],
    ['/functions/v1/nobody', 404, 'Function not found'],
    ['/functions/v1/_shared/shared.ts', 404, 'Function not found'],
    ['/functions/v1/main', 404, 'Function not found'],
    ['/functions/v1/..%2f..%2fetc', 404, 'Function not found'],
    ['/functions/v1/switched-off', 404, 'Function not found'],
    ['/functions/v1/named-entry', 200, 'by its own entry'],
    ['/functions/v1/_internal/health', 200, '{"message":"ok"}'],
  ])('%s is %i', async (path, status, body) => {
    expect(await send(stack.url, { path })).toMatchObject({ status, body });
  });

  test('HEAD, and a preflight that the gateway answers', async () => {
    expect(await send(stack.url, { method: 'HEAD', path: '/functions/v1/handler' })).toMatchObject({
      status: 200,
      body: '',
    });
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
    const preflight = await send(stack.url, { method: 'OPTIONS', path: '/functions/v1/handler', headers });
    expect(preflight).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': '*' } });
  });

  test('a function reaches the stack with its own key', async () => {
    expect((await send(stack.url, { path: '/functions/v1/table' })).body).toBe('200');
  });
});

describe('tokens', () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (claims: object, secret: string, header: object = { alg: 'HS256', typ: 'JWT' }) => {
    const body = `${encode(header)}.${encode(claims)}`;
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  };
  const later = Math.floor(Date.now() / 1_000) + 3_600;
  const { jwtSecret } = stack.env;
  const refused: readonly (readonly [string, string | undefined, string])[] = [
    ['none', undefined, 'UNAUTHORIZED_NO_AUTH_HEADER'],
    ['another scheme', 'Basic abc', 'UNAUTHORIZED_INVALID_JWT_FORMAT'],
    ['no token', 'Bearer abc', 'UNAUTHORIZED_INVALID_JWT_FORMAT'],
    ['another secret', `Bearer ${token({ exp: later }, 'another-secret')}`, 'UNAUTHORIZED_LEGACY_JWT'],
    ['an old one', `Bearer ${token({ exp: 1 }, jwtSecret)}`, 'UNAUTHORIZED_LEGACY_JWT'],
    [
      'an unknown key',
      `Bearer ${token({ exp: later }, 'x', { alg: 'ES256', kid: 'k' })}`,
      'UNAUTHORIZED_ASYMMETRIC_JWT',
    ],
    [
      'another algorithm',
      `Bearer ${token({ exp: later }, 'x', { alg: 'PS512' })}`,
      'UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM',
    ],
    [
      'none at all as algorithm',
      `Bearer ${encode({ alg: 'none' })}.${encode({})}.x`,
      'UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM',
    ],
  ];

  test.each(refused)('%s is refused', async (_what, authorization, code) => {
    const answer = await send(stack.url, {
      path: '/functions/v1/guarded',
      ...(authorization !== undefined && { headers: { authorization } }),
    });
    expect(answer).toMatchObject({ status: 401, headers: { 'sb-error-code': code } });
    const body = JSON.parse(answer.body) as { code: string; message: string; msg: string };
    expect(body).toEqual({ code, message: body.msg, msg: body.msg });
  });

  test('what is let through: a valid token, an API key that is one, an opaque key, and OPTIONS', async () => {
    const path = '/functions/v1/guarded';
    for (const headers of [
      { authorization: `Bearer ${token({ exp: later }, jwtSecret)}` },
      { authorization: `Bearer ${stack.env.anonKey}` },
      { apikey: stack.env.publishable },
    ])
      expect(await send(stack.url, { path, headers })).toMatchObject({ status: 200, body: 'GET' });
    expect(await send(stack.url, { method: 'OPTIONS', path })).toMatchObject({ status: 200, body: 'OPTIONS' });
  });
});

describe('streams', () => {
  test('what is sent comes back before all is sent', async () => {
    let push: (text: string) => void = () => {};
    let close = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        push = (text) => controller.enqueue(new TextEncoder().encode(text));
        close = () => controller.close();
      },
    });
    const pending = fetch(`${base}/echo-stream`, { method: 'POST', body, duplex: 'half' } as RequestInit);
    push('first ');
    const reader = (await pending).body?.getReader();
    const decode = async () => new TextDecoder().decode((await reader?.read())?.value);
    expect(await decode()).toBe('first ');
    push('second');
    expect(await decode()).toBe('second');
    close();
    expect((await reader?.read())?.done).toBe(true);
  });

  test('a WebSocket echoes', async () => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/socket`, ['a', 'b']);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    expect(socket.protocol).toBe('b');
    for (const text of ['one', 'x'.repeat(100_000)]) {
      const echoed = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
      socket.send(text);
      expect(await echoed).toBe(text);
    }
    socket.close();
  });

  test('an upgrade of a function that wants none, and of none', async () => {
    for (const [name, status] of [
      ['handler', 200],
      ['nobody', 404],
    ] as const) {
      const socket = new WebSocket(`${base.replace('http', 'ws')}/${name}`);
      const refusal = await new Promise<number>((resolve) => {
        socket
          .once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
          .on('error', () => {});
      });
      expect(refusal).toBe(status);
    }
  });

  test('a function hears that its client is gone', async () => {
    await send(stack.url, { path: '/functions/v1/aborted?count' });
    const controller = new AbortController();
    const pending = fetch(`${base}/aborted`, { signal: controller.signal }).catch(() => {});
    await until('the request being there', async () => {
      controller.abort();
      await pending;
      return true;
    });
    // It may have gone before it arrived; another one then.
    await until('the abort', async () => {
      const again = new AbortController();
      const request = fetch(`${base}/aborted`, { signal: again.signal }).catch(() => {});
      setTimeout(() => again.abort(), 100);
      await request;
      return Number((await send(stack.url, { path: '/functions/v1/aborted?count' })).body) > 0;
    });
  });
});

describe('limits', () => {
  const limited = {
    code: 'WORKER_LIMIT',
    message: 'Worker failed to respond due to a resource limit (please check logs)',
  };

  test.each(['burns', 'hoards', 'hoards-outside'])('%s, and another function does not notice', async (name) => {
    const pending = send(stack.url, { path: `/functions/v1/${name}` });
    expect(await send(stack.url, { path: '/functions/v1/handler' })).toMatchObject({ status: 200, body: 'a' });
    const { status, body } = await pending;
    expect([status, JSON.parse(body)]).toEqual([546, limited]);
  });
});

describe('examples', () => {
  const examples = join(import.meta.dirname, '../../examples/functions');
  const secret = 'whsec_of_the_test';

  beforeAll(async () => {
    for (const name of ['stripe-webhook', 'socket-echo'])
      cpSync(join(examples, name), join(stack.cwd, 'volumes/functions', name), { recursive: true });
    write({ '.env': `STRIPE_WEBHOOK_SECRET=${secret}\n` });
    // A folder that is new is seen within a fifth of a second.
    for (const [name, status] of [
      ['stripe-webhook', 400],
      ['socket-echo', 426],
    ] as const)
      await until(name, async () => (await send(stack.url, { path: `/functions/v1/${name}` })).status === status);
  });

  test('a webhook is taken when its signature is right', async () => {
    const body = JSON.stringify({ id: 'evt_1', type: 'charge.succeeded' });
    const signed = (key: string, time: number) =>
      `t=${time},v1=${createHmac('sha256', key).update(`${time}.${body}`).digest('hex')}`;
    const now = Math.floor(Date.now() / 1_000);
    const post = (signature: string) =>
      send(stack.url, {
        method: 'POST',
        path: '/functions/v1/stripe-webhook',
        headers: { 'stripe-signature': signature },
        body,
      });
    expect(await post(signed(secret, now))).toMatchObject({ status: 200, body: '{"received":true}' });
    for (const wrong of [signed('another', now), signed(secret, now - 3_600), 'v1=zz', ''])
      expect((await post(wrong)).status, wrong).toBe(400);
  });

  test('a WebSocket is echoed, and anything else told what it is for', async () => {
    expect((await send(stack.url, { path: '/functions/v1/socket-echo' })).status).toBe(426);
    const socket = new WebSocket(`${base.replace('http', 'ws')}/socket-echo`);
    const echoed = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.send('hello');
    expect(await echoed).toBe('hello');
    socket.close();
  });
});

test('a saved change is served, without a request that fails', async () => {
  const version = (n: number) => ({ 'changing/index.ts': `Deno.serve(() => new Response('version ${n}'));` });
  write(version(0));
  const seen: string[] = [];
  let isOver = false;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const { status, body } = await send(stack.url, { path: '/functions/v1/changing' });
        seen.push(`${status} ${body}`);
      }
    }),
  );
  for (const n of [1, 2, 3]) {
    write(version(n));
    await until(`version ${n}`, async () => seen.at(-1) === `200 version ${n}`);
  }
  isOver = true;
  await load;
  expect(seen.filter((line) => !line.startsWith('200 version'))).toEqual([]);
  rmSync(join(stack.cwd, 'volumes/functions/changing'), { recursive: true });
  await until('its absence', async () => (await send(stack.url, { path: '/functions/v1/changing' })).status === 404);
});
