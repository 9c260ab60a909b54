import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { requestContext } from '#kernel/http';
import type { Mount } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import { gauge, renderMetrics } from '#kernel/metrics';
import { selfSignedCertificate } from '#kernel/tls';
import { gatewayRoom } from './create.ts';
import type { GatewayPorts } from './ports.ts';
import { gatewaySettings } from './settings.ts';

const keys = { ANON_KEY: 'eyJh.anon.key', SERVICE_ROLE_KEY: 'eyJh.service.key', DASHBOARD_PASSWORD: 'sesame-open' };
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A mount that answers with what it saw. */
const echo = (name: string): Mount => ({
  name,
  handle: (request, response) => {
    const { prefix, viaGateway } = requestContext(request);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, url: request.url, headers: request.headers, prefix, viaGateway }));
  },
  upgrade: (_request, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  },
});

async function open(env: Record<string, string> = {}, ports: Partial<GatewayPorts> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    level: 'info',
    redact: createRedactor(Object.values(keys)),
    destination: { write: (line) => lines.push(line) },
  });
  const { values } = resolveSettings(gatewaySettings, {
    env: { KONG_HTTP_PORT: '0', ...keys, ...env },
    files: [],
    alone: false,
  });
  const mounts = new Map(['rest', 'auth', 'studio', 'realtime'].map((name) => [name, echo(name)]));
  const room = gatewayRoom.create({
    settings: values,
    log,
    edge: true,
    mount: (name) => mounts.get(name),
    metrics: async () => [gauge('up', 'Up', 1)],
    health: async () => ({
      rest: { status: 'healthy', required: true },
      studio: { status: 'unhealthy', required: false },
    }),
    ...ports,
  });
  closers.push(() => room.stop());
  await room.start(new AbortController().signal);
  return { room, url: room.api.url(), httpsUrl: room.api.httpsUrl(), lines };
}

const apikey = keys.ANON_KEY;

describe('the edge', () => {
  it('hands a request to its room without the key, and answers with CORS', async () => {
    const { url, lines } = await open();
    const answer = await fetch(`${url}/rest/v1/todos?apikey=${apikey}&a=eq.1`, {
      headers: {
        'x-consumer-username': 'admin',
        'x-forwarded-host': 'evil.example',
        'sb-api-key': 'x',
        'x-real-ip': '203.0.113.9',
        'sb-forwarded-for': '203.0.113.9',
      },
    });
    const seen = (await answer.json()) as { url: string; headers: Record<string, string>; prefix: string };
    expect(seen).toMatchObject({ name: 'rest', url: '/todos?a=eq.1', prefix: '/rest/v1', viaGateway: true });
    expect(seen.headers).toMatchObject({ authorization: `Bearer ${apikey}`, 'x-consumer-username': 'anon' });
    expect(seen.headers['x-forwarded-host']).not.toBe('evil.example');
    expect(seen.headers['x-real-ip']).toMatch(/127\.0\.0\.1$/);
    expect(seen.headers).not.toHaveProperty('sb-forwarded-for');
    expect(seen.headers).not.toHaveProperty('apikey');
    expect(seen.headers).not.toHaveProperty('sb-api-key');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const id = answer.headers.get('x-request-id');
    await expect.poll(() => lines.join('')).toContain(id);
    expect(lines.join('')).not.toContain(apikey);
  });

  it('puts CORS on errors too, so that a browser shows them', async () => {
    const { url } = await open();
    const answer = await fetch(`${url}/rest/v1/todos`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.text()).toBe('{\n  "message":"No API key found in request"\n}');
  });

  it('believes a proxy it was told to trust', async () => {
    const { url } = await open({ GATEWAY_TRUSTED_PROXIES: '127.0.0.1' });
    const headers = { apikey, 'x-forwarded-host': 'app.example', 'x-forwarded-for': '198.51.100.7' };
    const seen = (await (await fetch(`${url}/auth/v1/x`, { headers })).json()) as { headers: Record<string, string> };
    expect(seen.headers['x-forwarded-host']).toBe('app.example');
    expect(seen.headers['x-forwarded-for']).toBe('198.51.100.7, 127.0.0.1');
  });

  it('answers 503 for a service that runs nowhere', async () => {
    const { url } = await open();
    const answer = await fetch(`${url}/storage/v1/bucket`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ message: 'The upstream server is currently unavailable' });
  });

  it('refuses a declared body over the limit and too many requests at once', async () => {
    const { url } = await open({ GATEWAY_MAX_BODY_SIZE: '1kB' });
    const large = await fetch(`${url}/rest/v1/todos`, { method: 'POST', headers: { apikey }, body: 'x'.repeat(2_000) });
    expect(large.status).toBe(413);
    const hanging: ServerResponse[] = [];
    const slow: Mount = { name: 'rest', handle: (_request, response) => void hanging.push(response) };
    const busy = await open({ GATEWAY_MAX_IN_FLIGHT: '1' }, { mount: () => slow });
    const first = fetch(`${busy.url}/rest/v1/a`, { headers: { apikey } });
    await expect.poll(() => hanging.length).toBe(1);
    const second = await fetch(`${busy.url}/rest/v1/b`, { headers: { apikey } });
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
    hanging[0]?.end('ok');
    expect((await first).status).toBe(200);
  });

  it('does not fall when a room throws', async () => {
    const broken: Mount = {
      name: 'rest',
      handle: () => {
        throw new Error('a secret detail');
      },
    };
    const { url, lines } = await open({}, { mount: () => broken });
    const answer = await fetch(`${url}/rest/v1/todos`, { headers: { apikey } });
    expect(answer.status).toBe(502);
    expect(await answer.text()).not.toContain('secret detail');
    expect(lines.join('')).toContain('a secret detail');
  });

  it('tells health without a key', async () => {
    const { url } = await open();
    const answer = await fetch(`${url}/health`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: 'ok', services: { rest: { status: 'healthy' } } });
    const waiting = await open({}, { health: async () => ({ rest: { status: 'starting', required: true } }) });
    expect((await fetch(`${waiting.url}/health`)).status).toBe(503);
    expect((await fetch(`${waiting.url}/_health/live`)).status).toBe(200);
  });

  it('passes upgrades on with a key and refuses them without', async () => {
    const { url, lines } = await open();
    expect(await upgrade(url, `/realtime/v1/websocket?apikey=${apikey}`)).toMatch(/^HTTP\/1\.1 101 /);
    expect(await upgrade(url, '/realtime/v1/websocket')).toMatch(/^HTTP\/1\.1 401 [\s\S]*No API key found in request/);
    const refused = await upgrade(url, '/storage/v1/x');
    expect(refused).toMatch(/^HTTP\/1\.1 503 /);
    const told = () => lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
    await expect
      .poll(() =>
        told()
          .map(({ status }) => status)
          .sort(),
      )
      .toEqual([101, 401, 503]);
    const id = /\r\nx-request-id: (\S+)\r\n/i.exec(refused)?.[1];
    expect(told()).toContainEqual(expect.objectContaining({ reqId: id, status: 503, url: '/storage/v1/x' }));
    expect(lines.join('')).not.toContain(apikey);
  });

  it('ends headers that are too large with 431 and nonsense with 400', async () => {
    const { url } = await open({ GATEWAY_MAX_HEADER_SIZE: '8kB' });
    expect(await raw(url, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await raw(url, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('serves HTTPS from the configured certificate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const { certificate, key } = selfSignedCertificate();
    writeFileSync(join(folder, 'cert.pem'), certificate);
    writeFileSync(join(folder, 'key.pem'), key);
    const { httpsUrl } = await open({
      KONG_HTTPS_PORT: '0',
      KONG_SSL_CERT: join(folder, 'cert.pem'),
      KONG_SSL_CERT_KEY: join(folder, 'key.pem'),
    });
    const seen = await new Promise<string>((resolve, reject) => {
      httpsRequest(
        `${httpsUrl}/rest/v1/todos`,
        { ca: certificate, servername: 'localhost', headers: { apikey }, checkServerIdentity: () => undefined },
        (answer) => {
          let body = '';
          answer.on('data', (chunk) => {
            body += chunk;
          });
          answer.on('end', () => resolve(body));
        },
      )
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(seen).headers['x-forwarded-proto']).toBe('https');
  });

  it('says which setting to change when the port is taken', async () => {
    const { url } = await open();
    await expect(open({ KONG_HTTP_PORT: new URL(url).port })).rejects.toThrow(/is taken \(change KONG_HTTP_PORT\)/);
  });
});

describe('a room in another process', () => {
  async function elsewhere(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('is reached by its URL, bodies and statuses included', async () => {
    const remote = await elsewhere((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => response.writeHead(418, { 'x-upstream': 'yes' }).end(`${request.url} ${body}`));
    });
    const { url } = await open({ STORAGE_URL: remote });
    const answer = await fetch(`${url}/storage/v1/object/a?x=1`, { method: 'POST', body: 'hello' });
    expect([answer.status, answer.headers.get('x-upstream'), await answer.text()]).toEqual([
      418,
      'yes',
      '/object/a?x=1 hello',
    ]);
  });

  it('that is down is 503, one that hangs 504', async () => {
    const down = await open({ STORAGE_URL: 'http://127.0.0.1:1' });
    expect((await fetch(`${down.url}/storage/v1/x`)).status).toBe(503);
    const hangs = await elsewhere(() => {});
    const slow = await open({ STORAGE_URL: hangs, GATEWAY_UPSTREAM_TIMEOUT: '1s' });
    expect((await fetch(`${slow.url}/storage/v1/x`)).status).toBe(504);
  });
});

it('opens the compose file ports when asked, by Host header where two services share one', async () => {
  const probe = createServer();
  const port = await new Promise<number>((resolve) =>
    probe.listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    }),
  );
  await open({
    DIRECT_PORTS: 'on',
    GATEWAY_DIRECT_REST_PORT: String(port),
    GATEWAY_DIRECT_AUTH_PORT: '0',
    GATEWAY_DIRECT_STUDIO_PORT: '0',
    GATEWAY_DIRECT_REALTIME_PORT: '0',
    GATEWAY_DIRECT_STORAGE_PORT: '0',
  });
  const ask = (host: string) =>
    new Promise<{ name: string; viaGateway: boolean }>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path: '/x', headers: { host } }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('end', () => resolve(JSON.parse(body)));
      })
        .on('error', reject)
        .end();
    });
  expect(await ask('postgrest:3000')).toMatchObject({ name: 'rest', viaGateway: false });
  expect(await ask('supabase-studio:3000')).toMatchObject({ name: 'studio' });
});

function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

const upgrade = (url: string, path: string) =>
  raw(url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);

describe('metrics', () => {
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const service = keys.SERVICE_ROLE_KEY;

  it('are for who has the service key, in whichever way it comes but in the address', async () => {
    const { url } = await open({ SUPABASE_SECRET_KEY: 'sb_secret_0123456789' });
    const ask = (headers: Record<string, string>, path = '/metrics') => fetch(url + path, { headers });
    for (const headers of [
      { apikey: service },
      { authorization: `Bearer ${service}` },
      { authorization: 'bearer sb_secret_0123456789' },
      { authorization: basic('service_role', service) },
    ] as Record<string, string>[])
      for (const path of ['/metrics', '/customer/v1/privileged/metrics']) {
        const answer = await ask(headers, path);
        expect([answer.status, answer.headers.get('content-type')]).toEqual([
          200,
          'text/plain; version=0.0.4; charset=utf-8',
        ]);
        expect(await answer.text()).toBe('# HELP up Up\n# TYPE up gauge\nup 1\n');
      }
    for (const headers of [
      {},
      { apikey: apikey },
      { authorization: `Bearer ${apikey}` },
      { authorization: basic('supabase', service) },
      { authorization: basic('supabase', keys.DASHBOARD_PASSWORD) },
      { authorization: basic('service_role', '') },
      { authorization: 'Bearer' },
    ] as Record<string, string>[]) {
      const answer = await ask(headers);
      expect([answer.status, await answer.text()]).toEqual([401, '{"message":"Unauthorized"}']);
    }
    expect((await fetch(`${url}/metrics?apikey=${service}`)).status).toBe(401);
    expect((await fetch(`${url}/metrics`, { method: 'POST', headers: { apikey: service } })).status).toBe(405);
    expect(await (await fetch(`${url}/metrics`, { method: 'HEAD', headers: { apikey: service } })).text()).toBe('');
  });

  it('are counted once for all who ask at the same time, and again for who asks later', async () => {
    let times = 0;
    let finish = (): void => {};
    const counting = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { room, url } = await open(
      {},
      {
        async metrics() {
          times++;
          await counting;
          return [];
        },
      },
    );
    const ask = () => fetch(`${url}/metrics`, { headers: { apikey: service } });
    const all = Array.from({ length: 5 }, ask);
    await expect
      .poll(async () => renderMetrics((await room.metrics?.()) ?? []), { timeout: 30_000 })
      .toContain('kong_requests_in_flight 5');
    finish();
    await Promise.all(all);
    expect(times).toBe(1);
    await ask();
    expect(times).toBe(2);
  });

  it('can be turned off', async () => {
    const { url } = await open({ GATEWAY_METRICS: 'false' });
    const answer = await fetch(`${url}/metrics`, { headers: { apikey: service } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="kong"');
  });

  it('of the edge count requests by route and status, whatever their paths', async () => {
    const { url, room } = await open();
    for (const path of ['/rest/v1/a', '/rest/v1/b', '/rest/v1/c?select=*'])
      await (await fetch(url + path, { headers: { apikey } })).text();
    await (await fetch(`${url}/rest/v1/a`)).text();
    await (await fetch(`${url}/health`)).text();
    const text = async () => renderMetrics((await room.metrics?.()) ?? []);
    // Counted once an answer has gone, which who reads it may not notice.
    await expect
      .poll(text, { timeout: 30_000 })
      .toContain('kong_http_requests_total{service="gateway",route="own",code="200"} 1');
    expect(await text()).toContain('kong_http_requests_total{service="rest",route="/rest/v1/",code="200"} 3');
    expect(await text()).toContain('kong_http_requests_total{service="rest",route="/rest/v1/",code="401"} 1');
    expect(await text()).toContain('kong_request_latency_ms_count{service="rest",route="/rest/v1/"} 4');
  });
});
