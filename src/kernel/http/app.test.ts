import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createLogger, createRedactor } from '#kernel/log';
import { abortSignalOf } from './abort.ts';
import { createApp } from './app.ts';
import { readBody } from './body.ts';
import { type Listener, type ListenerOptions, startListener } from './listener.ts';
import { requestContext, setRequestContext } from './request-context.ts';
import { sendBody, sendJson } from './respond.ts';

let listener: Listener;
afterEach(() => listener.stop(0));

async function serve(handle: ListenerOptions['handle']): Promise<string> {
  const limits = {
    maxHeaderSize: 16_384,
    headersTimeout: 5_000,
    requestTimeout: 0,
    keepAliveTimeout: 1_000,
    maxConnections: 100,
  };
  listener = await startListener({ host: '127.0.0.1', port: 0, setting: 'PORT', handle, ...limits });
  return listener.url;
}

describe('reading a body', () => {
  const echo: ListenerOptions['handle'] = (request, response) => {
    readBody(request, 100).then(
      (body) => sendBody(response, 200, {}, body),
      (error: { reason: string }) => sendBody(response, 413, { connection: 'close' }, error.reason),
    );
  };
  const post = async (url: string, body: string | ReadableStream) => {
    const answer = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    return [answer.status, await answer.text()];
  };

  test('gives it whole', async () => {
    const url = await serve(echo);
    expect(await post(url, 'ä'.repeat(50))).toEqual([200, 'ä'.repeat(50)]);
    expect(await post(url, '')).toEqual([200, '']);
  });

  test('refuses one that says it is too large', async () => {
    expect(await post(await serve(echo), 'x'.repeat(101))).toEqual([413, 'too-large']);
  });

  test('refuses one that turns out to be too large', async () => {
    const chunks = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 11; n++) controller.enqueue(new TextEncoder().encode('0123456789'));
        controller.close();
      },
    });
    expect(await post(await serve(echo), chunks)).toEqual([413, 'too-large']);
  });

  test.each(['before', 'while'])('ends when the client goes away %s it is read', async (moment) => {
    let outcome: Promise<string> | undefined;
    const url = await serve((request) => {
      const read = async () => {
        if (moment === 'before') await new Promise((resolve) => request.once('close', resolve));
        return readBody(request, 100).then(
          () => 'read',
          (error: { reason: string }) => error.reason,
        );
      };
      outcome = read();
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
    while (!outcome) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    expect(await outcome).toBe('aborted');
  });
});

describe('answering', () => {
  test('JSON carries its type and length', async () => {
    const url = await serve((_request, response) => sendJson(response, 201, { a: 'ä' }, { 'x-more': '1' }));
    const answer = await fetch(url);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('content-length')).toBe('10');
    expect(answer.headers.get('x-more')).toBe('1');
    expect(await answer.json()).toEqual({ a: 'ä' });
  });

  test('a second answer is not sent', async () => {
    const url = await serve((_request, response) => {
      sendJson(response, 200, 'first');
      sendJson(response, 500, 'second');
    });
    expect(await (await fetch(url)).json()).toBe('first');
  });

  test('a client that goes away is noticed, one that has its answer is not', async () => {
    const signals: ReturnType<typeof abortSignalOf>[] = [];
    let finish = (): void => {};
    const url = await serve((request, response) => {
      signals.push(abortSignalOf(response));
      if (request.url === '/slow') finish = () => response.end();
      else response.end();
    });
    await (await fetch(url)).text();
    const slow = httpRequest(`${url}/slow`).on('error', () => {});
    slow.end();
    while (signals.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    slow.destroy();
    await new Promise((resolve) => signals[1]?.addEventListener('abort', resolve, { once: true }));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    finish();
  });
});

describe('a room without a socket of its own', () => {
  const log = createLogger({ level: 'silent', redact: createRedactor([]) });
  const app = () =>
    createApp({
      log,
      bodyLimit: 10,
      onError: (error, _request, reply) => reply.code(error.statusCode ?? 500).send({ said: error.message }),
      onNotFound: (_request, reply) => reply.code(404).send({ said: 'nowhere' }),
      routes: (routes) => {
        routes.get('/things/:id', (request) => ({ id: (request.params as { id: string }).id, request: request.id }));
        routes.post('/things', (request) => request.body);
        routes.get('/broken', () => {
          throw new Error('it broke');
        });
      },
    });

  async function start(): Promise<string> {
    const room = app();
    await room.ready();
    return serve((request, response) => {
      setRequestContext(request, { id: 'the-id', prefix: '/v1', viaGateway: true });
      room.handle(request, response);
    });
  }

  test('answers by its routes, with the id the request came with', async () => {
    const url = await start();
    expect(await (await fetch(`${url}/things/a%20b/`)).json()).toEqual({ id: 'a b', request: 'the-id' });
    expect((await fetch(`${url}/things/1`, { method: 'HEAD' })).status).toBe(200);
  });

  test('says everything else in its own words', async () => {
    const url = await start();
    expect(await (await fetch(`${url}/none`)).json()).toEqual({ said: 'nowhere' });
    expect(await (await fetch(`${url}/broken`)).json()).toEqual({ said: 'it broke' });
    const large = await fetch(`${url}/things`, {
      method: 'POST',
      body: JSON.stringify('x'.repeat(20)),
      headers: { 'content-type': 'application/json' },
    });
    expect(large.status).toBe(413);
    const broken = await fetch(`${url}/things`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    });
    expect(broken.status).toBe(400);
  });
});

test('a request without a context gets one, once', async () => {
  const seen: unknown[] = [];
  const url = await serve((request, response) => {
    seen.push(
      requestContext(request),
      requestContext(request),
      setRequestContext(request, { prefix: '/p' }),
      requestContext(request),
    );
    response.end();
  });
  await fetch(`${url}/a?b=c`);
  expect(seen[0]).toMatchObject({ originalUrl: '/a?b=c', prefix: '', viaGateway: false, remoteAddress: '127.0.0.1' });
  expect(seen[1]).toBe(seen[0]);
  expect(seen[2]).toEqual({ ...(seen[0] as object), prefix: '/p' });
  expect(seen[3]).toBe(seen[2]);
});
