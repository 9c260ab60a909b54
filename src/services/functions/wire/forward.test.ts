import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createSocketServer,
  type Socket,
  type Server as SocketServer,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Forwarder } from './forward.ts';
import type { ForwardFailure } from './worker-connection.ts';

/** A worker that is a script: called with all that came on a connection so far, each time more comes. */
type Script = (socket: Socket, received: string, connection: number) => void;

const opened: (() => void)[] = [];

afterEach(() => {
  for (const close of opened.splice(0).reverse()) close();
});

async function start(script: Script, idleTimeout = 20_000) {
  const folder = mkdtempSync(join(tmpdir(), 'forward-'));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 's');
  let connections = 0;
  const worker: SocketServer = createSocketServer((peer) => {
    const number = connections++;
    let received = '';
    peer.on('error', () => {});
    peer.on('data', (chunk) => {
      received += chunk.toString('latin1');
      script(peer, received, number);
    });
  });
  await new Promise<void>((resolve) => worker.listen(socket, resolve));
  opened.push(() => worker.close());
  const forwarder = new Forwarder(idleTimeout, () => performance.now());
  const outcomes: (ForwardFailure | undefined)[] = [];
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  opened.push(end);
  const server: Server = createServer((request, response) => {
    void forwarder.forward({ socket, ended }, request, response).then((outcome) => {
      outcomes.push(outcome);
      if (outcome !== undefined && !response.headersSent) response.writeHead(599).end(outcome);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, outcomes, connections: () => connections };
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Requests that are complete, as far as their heads tell. */
const heads = (received: string) => received.split('\r\n\r\n').length - 1;

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (performance.now() > end) throw new Error('it did not happen');
}

test('a connection is used again, and headers arrive as they were', async () => {
  let seen = '';
  const { url, connections } = await start((socket, received) => {
    seen = received;
    socket.write(ok);
  });
  for (let count = 0; count < 3; count++)
    expect(await (await fetch(`${url}/name/a%20b?c`, { headers: { 'x-one': '1', te: 'trailers' } })).text()).toBe('ok');
  expect(connections()).toBe(1);
  expect(seen).toMatch(/^GET \/name\/a%20b\?c HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
  expect(seen).toContain('\r\nx-one: 1\r\n');
  expect(seen).not.toMatch(/\r\n(connection|te):/);
});

test('a kept connection that the worker had closed: what may be repeated is, and nothing else', async () => {
  const { url, connections } = await start((socket, received) => {
    if (heads(received) === 1) socket.write(ok);
    else socket.destroy();
  });
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(url)).status).toBe(200);
  expect(connections()).toBe(2);
  const posted = await fetch(url, { method: 'POST', body: 'x' });
  expect([posted.status, await posted.text()]).toEqual([599, 'broken']);
});

test('a connection is not used beyond the time the worker gives it', async () => {
  const { url, connections } = await start((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok');
  });
  for (let count = 0; count < 3; count++) expect((await fetch(url)).status).toBe(200);
  expect(connections()).toBe(3);
});

test('a body of unknown length is sent in chunks, one of known length as it is', async () => {
  const bodies: string[] = [];
  const { port } = await start((socket, received) => {
    const body = received.slice(received.indexOf('\r\n\r\n') + 4);
    if (!(/content-length/.test(received) ? body.length === 20_000 : body.endsWith('0\r\n\r\n'))) return;
    bodies.push(body);
    socket.end(`${ok.replace('200', '201')}`);
  });
  const send = (headers: Record<string, string>, parts: readonly string[]) =>
    new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest({ port, method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      request.on('error', reject);
      for (const part of parts) request.write(part);
      request.end();
    });
  expect(await send({ 'transfer-encoding': 'chunked' }, ['xy', 'zzz'])).toBe(201);
  expect(await send({ 'content-length': '20000' }, ['a'.repeat(10_000), 'b'.repeat(10_000)])).toBe(201);
  const chunked = bodies[0]?.split('\r\n') ?? [];
  const parts = chunked.filter((_, index) => index % 2 === 1);
  expect(parts.join('')).toBe('xyzzz');
  expect(chunked.filter((_, index) => index % 2 === 0)).toEqual([
    ...parts.map(({ length }) => length.toString(16)),
    '',
  ]);
  expect(bodies[1]).toBe('a'.repeat(10_000) + 'b'.repeat(10_000));
});

test('an answer before the body is read: the client gets it, and its connection lives on', async () => {
  const { port, outcomes, connections } = await start((socket, received, number) => {
    if (number > 0) socket.write(ok);
    else if (received.includes('\r\n\r\n')) socket.write('HTTP/1.1 413 x\r\ncontent-length: 0\r\n\r\n');
  });
  const client = connect(port, '127.0.0.1');
  let text = '';
  client.on('data', (chunk) => {
    text += chunk;
  });
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n');
  await until(() => text.includes('413'));
  client.write(`${'x'.repeat(100_000)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`);
  await until(() => text.endsWith('ok'));
  client.destroy();
  expect([outcomes, connections()]).toEqual([[undefined, undefined], 2]);
});

test('silence', async () => {
  const { url, outcomes } = await start(() => {}, 100);
  expect(await (await fetch(url)).text()).toBe('idle');
  expect(outcomes).toEqual(['idle']);
});

test('nonsense, and half an answer', async () => {
  const { url, outcomes } = await start((socket, received) => {
    if (received.startsWith('GET /nonsense')) socket.write('SSH-2.0\r\n\r\n');
    if (received.startsWith('GET /half')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc');
  });
  expect(await (await fetch(`${url}/nonsense`)).text()).toBe('broken');
  await expect(fetch(`${url}/half`).then((answer) => answer.text())).rejects.toThrow();
  expect(outcomes).toEqual(['broken', 'broken']);
});

test('a slow client is not silence', async () => {
  const part = Buffer.alloc(1_000_000, 'a');
  const { port, outcomes } = await start((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${30 * part.length}\r\n\r\n`);
    for (let count = 0; count < 30; count++) socket.write(part);
  }, 1_500);
  const client = connect(port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  client.once('data', () => {
    client.pause();
    setTimeout(() => {
      client.on('data', () => {});
      client.resume();
    }, 2_000);
  });
  await until(() => outcomes.length === 1);
  client.destroy();
  expect(outcomes).toEqual([undefined]);
});

test('a worker hears that the client is gone', async () => {
  let isAsked = false;
  let isClosed = false;
  const { port, outcomes } = await start((socket) => {
    isAsked = true;
    socket.on('close', () => {
      isClosed = true;
    });
  });
  const client = connect(port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => isAsked);
  client.destroy();
  await until(() => isClosed);
  expect(outcomes).toEqual(['aborted']);
});
