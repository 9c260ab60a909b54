import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { StartupError } from '#kernel/errors';
import { canConnect } from './can-connect.ts';
import { listenAddress } from './listen-address.ts';
import { type Listener, type ListenerOptions, startListener } from './listener.ts';
import { clearSocketPath } from './unix-socket.ts';

const open: Listener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.stop(0)));
});

async function listen(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await startListener({
    host: '127.0.0.1',
    port: 0,
    setting: 'KONG_HTTP_PORT',
    handle: (_request, response) => response.end('ok'),
    maxHeaderSize: 16_384,
    headersTimeout: 10_000,
    requestTimeout: 0,
    keepAliveTimeout: 5_000,
    maxConnections: 100,
    ...options,
  });
  open.push(listener);
  return listener;
}

/** Sends bytes and gives back all that comes until the server closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const get = (path = '/', headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;

describe('limits', () => {
  test('headers that are too large get 431', async () => {
    const { port } = await listen({ maxHeaderSize: 1_024 });
    expect(await raw(port, get('/', `X-Large: ${'a'.repeat(2_000)}\r\n`))).toMatch(
      /^HTTP\/1\.1 431 .*Connection: close/s,
    );
  });

  test('headers that come too slowly get 408', async () => {
    const { port } = await listen({ headersTimeout: 100 });
    const began = performance.now();
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n')).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('a body that comes too slowly gets 408', async () => {
    const { port } = await listen({ headersTimeout: 100, requestTimeout: 200, handle: (request) => request.resume() });
    expect(await raw(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')).toMatch(/408/);
  });

  test('the time for a whole request bounds the time for its headers', async () => {
    const { port } = await listen({ headersTimeout: 10_000, requestTimeout: 100 });
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n')).toMatch(/^HTTP\/1\.1 408 /);
  });

  test.each([
    'nonsense\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n',
    '\x16\x03\x01\x00\xa5\x01\r\n\r\n',
  ])('what is no HTTP gets 400 (%j)', async (bytes) => {
    const { port } = await listen();
    expect(await raw(port, bytes)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('two lengths for one body are refused (request smuggling)', async () => {
    const { port } = await listen();
    const smuggled = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(await raw(port, smuggled)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('an idle connection is closed after its time', async () => {
    const { port } = await listen({ keepAliveTimeout: 50 });
    expect(await raw(port, get())).toContain('ok');
  });

  test('connections beyond the bound are not served', async () => {
    const { port } = await listen({ maxConnections: 1 });
    const first = connect(port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    const answer = await raw(port, get('/', 'Connection: close\r\n')).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(['', 'ECONNRESET']).toContain(answer);
    first.destroy();
  });
});

describe('addresses', () => {
  test('a taken port names the setting to change', async () => {
    const { port } = await listen();
    const failure = await listen({ port }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartupError);
    expect(failure).toMatchObject({ setting: 'KONG_HTTP_PORT', message: expect.stringContaining(`port ${port}`) });
  });

  test('an address of another machine names BIND_ADDRESS', async () => {
    await expect(listen({ host: '203.0.113.1' })).rejects.toMatchObject({ setting: 'BIND_ADDRESS' });
  });

  test('the URL can be used as it is', async () => {
    expect((await listen()).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await listen({ host: '0.0.0.0' })).url).toMatch(/^http:\/\/localhost:\d+$/);
  });
});

describe('upgrades', () => {
  const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  test('are refused where nothing speaks anything else', async () => {
    const { port } = await listen();
    expect(await raw(port, upgrade)).toMatch(/^HTTP\/1\.1 426 /);
  });

  test('are handed on, and end with the listener', async () => {
    const listener = await listen({
      upgrade: (_request, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nhello');
      },
    });
    const conversation = raw(listener.port, upgrade);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await listener.stop(50);
    expect(await conversation).toContain('hello');
  });
});

describe('stop', () => {
  interface Exchange {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
  }

  function held(): { handle: ListenerOptions['handle']; arrived: Promise<Exchange> } {
    let handle: ListenerOptions['handle'] = () => {};
    const arrived = new Promise<Exchange>((resolve) => {
      handle = (request, response) => resolve({ request, response });
    });
    return { handle: (request, response) => handle(request, response), arrived };
  }

  const fetchText = (port: number) =>
    new Promise<string>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1' }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      })
        .on('error', reject)
        .end();
    });

  test('lets a request in flight finish, and takes no new one', async () => {
    const { handle, arrived } = held();
    const listener = await listen({ handle });
    const answer = fetchText(listener.port);
    const { response } = await arrived;
    const stopping = listener.stop(5_000);
    await expect(fetchText(listener.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    response.end('finished');
    expect(await answer).toBe('finished');
    await stopping;
  });

  test('does not wait for connections that are only kept alive', async () => {
    const listener = await listen();
    const socket = connect(listener.port, '127.0.0.1', () => socket.write(get()));
    await new Promise((resolve) => socket.once('data', resolve));
    const began = performance.now();
    await listener.stop(5_000);
    expect(performance.now() - began).toBeLessThan(4_500);
  });

  test('ends what does not finish within the grace', async () => {
    const { handle, arrived } = held();
    const listener = await listen({ handle });
    const answer = fetchText(listener.port);
    answer.catch(() => {});
    await arrived;
    const began = performance.now();
    await listener.stop(100);
    expect(performance.now() - began).toBeLessThan(5_000);
    await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a socket in the file system', () => {
  const folder = mkdtempSync(join(tmpdir(), 'listener-'));
  const path = join(folder, 's');
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is served with the mode asked for, taken over from a run that is gone, and not from one that is there', async () => {
    const listener = await listen({ socket: { path, mode: 0o600 } });
    expect([listener.url, statSync(path).mode & 0o777]).toEqual([`unix:${path}`, 0o600]);
    expect(await canConnect(listener.url)).toBe(true);
    await expect(clearSocketPath(path, 'S', true)).resolves.toBeUndefined();
    expect(await canConnect(listener.url)).toBe(true);
    await expect(listen({ socket: { path, mode: 0o600 }, setting: 'S' })).rejects.toMatchObject({ setting: 'S' });
    await listener.stop(0);
    expect(await canConnect(`unix:${path}`)).toBe(false);
    expect(await canConnect((await listen({ socket: { path, mode: 0o660 } })).url)).toBe(true);
  });

  test('does not replace what is no socket', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(listen({ socket: { path: file, mode: 0o600 } })).rejects.toThrow('is no socket');
  });
});

test.each([
  ['!4', { host: '0.0.0.0', ipv6Only: false }],
  ['*', { host: '::', ipv6Only: false }],
  ['!6', { host: '::', ipv6Only: true }],
  ['localhost', { host: 'localhost', ipv6Only: false }],
])('host %s', (host, address) => expect(listenAddress(host)).toEqual(address));
