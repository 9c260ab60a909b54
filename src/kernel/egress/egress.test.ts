import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createEgressRules } from './destinations.ts';
import { createEgress, type EgressOptions } from './egress.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handle: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(handle as never);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

const loopback = (options: Partial<EgressOptions> = {}) => createEgress({ allowed: ['127.0.0.1'], ...options });

describe('destinations', () => {
  const rules = createEgressRules([]);
  const allows = (address: string, byOperator = false) => rules.allows({ host: 'h', port: 80, address }, byOperator);

  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'not an address',
    '',
  ])('%s is refused', (address) => {
    expect(allows(address)).toBe(false);
  });

  test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    '%s is allowed',
    (a) => {
      expect(allows(a)).toBe(true);
    },
  );

  test('what stands in the settings may be in the own network, but not where credentials are handed out', () => {
    expect(allows('10.0.0.1', true)).toBe(true);
    expect(allows('127.0.0.1', true)).toBe(true);
    expect(allows('169.254.169.254', true)).toBe(false);
    expect(allows('::ffff:169.254.169.254', true)).toBe(false);
    expect(allows('fd00:ec2::254', true)).toBe(false);
  });

  test('exceptions are names, addresses, ranges and ports', () => {
    const some = createEgressRules(['hooks.internal', '*.svc', '10.1.0.0/16', '[fd00::1]:8080', 'db:5432']);
    const of = (host: string, address: string, port = 80) => some.allows({ host, address, port });
    expect(of('hooks.internal', '10.0.0.1')).toBe(true);
    expect(of('other.internal', '10.0.0.1')).toBe(false);
    expect(of('a.svc', '192.168.0.1')).toBe(true);
    expect(of('svc', '192.168.0.1')).toBe(false);
    expect(of('asvc', '192.168.0.1')).toBe(false);
    expect(of('x', '10.1.9.9')).toBe(true);
    expect(of('x', '10.2.9.9')).toBe(false);
    expect(of('x', 'fd00::1', 8080)).toBe(true);
    expect(of('x', 'fd00::1', 8081)).toBe(false);
    expect(of('db', '10.0.0.1', 5432)).toBe(true);
    expect(of('db', '10.0.0.1', 80)).toBe(false);
  });

  test.each(['http://x', 'a b', '10.0.0.0/33', '', '*', '*.'])('%j is no exception', (entry) => {
    expect(() => createEgressRules([entry])).toThrow(/STACK_EGRESS_ALLOW/);
  });

  test('no private IPv4 address becomes allowed by the way it is written in IPv6', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.constantFrom([10], [127], [192, 168], [169, 254]), octet, octet, octet, (prefix, a, b, c) => {
        const bytes = [...prefix, a, b, c].slice(0, 4) as [number, number, number, number];
        const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
        const low = `${hex(bytes[0], bytes[1])}:${hex(bytes[2], bytes[3])}`;
        for (const form of [
          bytes.join('.'),
          `::ffff:${bytes.join('.')}`,
          `::ffff:${low}`,
          `64:ff9b::${low}`,
          `2002:${low}::`,
        ])
          expect(allows(form)).toBe(false);
      }),
    );
  });
});

describe('requests', () => {
  test('method, headers and body arrive, and the answer comes back whole', async () => {
    const port = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        response.writeHead(201, { 'x-seen': `${request.method} ${request.url} ${request.headers['x-a']}` });
        response.end(`<${body}>`);
      });
    });
    const answer = await loopback().request(`http://127.0.0.1:${port}/a?b=c`, {
      method: 'POST',
      headers: { 'X-A': '1', 'Content-Length': '99' },
      body: 'héllo',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['x-seen']).toBe('POST /a?b=c 1');
    expect(answer.body.toString()).toBe('<héllo>');
  });

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://0/',
    'http://localhost/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'http://user:pass@example.com/',
    'nonsense',
  ])('%s is refused', async (url) => {
    await expect(createEgress({ allowed: [] }).request(url)).rejects.toMatchObject({ reason: 'refused' });
  });

  test('a name with one private address among public ones is refused', async () => {
    const egress = createEgress({ allowed: [], resolve: async () => ['8.8.8.8', '10.0.0.1'] });
    await expect(egress.request('http://rebind.example/')).rejects.toMatchObject({ reason: 'refused' });
  });

  test('the connection goes to the address that was checked, not to a second answer of the name', async () => {
    const port = await serve((_request, response) => response.end('here'));
    let asked = 0;
    const egress = createEgress({
      allowed: ['127.0.0.1'],
      resolve: async () => (asked++ === 0 ? ['127.0.0.1'] : ['10.0.0.1']),
    });
    const answer = await egress.request(`http://name.invalid:${port}/`);
    expect(answer.body.toString()).toBe('here');
    expect(asked).toBe(1);
  });

  test('a redirect is the answer, unless some are to be followed; each is checked', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/inside') response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
      else if (request.url === '/start') response.writeHead(303, { location: '/end' }).end();
      else response.end(`${request.method} ${request.headers.authorization}`);
    });
    const base = `http://127.0.0.1:${port}`;
    const init = { method: 'POST', headers: { authorization: 'secret' }, body: 'x' };
    expect((await loopback().request(`${base}/start`, init)).status).toBe(303);
    const followed = await loopback().request(`${base}/start`, { ...init, redirects: 2 });
    expect(followed.body.toString()).toBe('GET secret');
    expect(followed.url).toBe(`${base}/end`);
    await expect(loopback().request(`${base}/inside`, { redirects: 2 })).rejects.toMatchObject({ reason: 'refused' });
  });

  test('credentials stay with their origin', async () => {
    const other = await serve((request, response) => response.end(String(request.headers.authorization)));
    const port = await serve((_request, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${other}/` }).end(),
    );
    const answer = await loopback().request(`http://127.0.0.1:${port}/`, {
      headers: { Authorization: 'x' },
      redirects: 1,
    });
    expect(answer.body.toString()).toBe('undefined');
  });

  test('size and time are bounded', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/large') response.end(Buffer.alloc(5_000));
      else response.write('never ends');
    });
    const base = `http://127.0.0.1:${port}`;
    await expect(loopback({ maxBytes: 4_999 }).request(`${base}/large`)).rejects.toMatchObject({ reason: 'too-large' });
    expect((await loopback({ maxBytes: 5_000 }).request(`${base}/large`)).body).toHaveLength(5_000);
    await expect(loopback({ timeout: 100 }).request(`${base}/slow`)).rejects.toMatchObject({ reason: 'timeout' });
    const never = loopback({ timeout: 100, resolve: () => new Promise(() => {}) });
    await expect(never.request('http://name.invalid/')).rejects.toMatchObject({ reason: 'timeout' });
    await expect(loopback().request(`${base}/slow`, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      reason: 'aborted',
    });
  });

  test('an address where nobody listens is unreachable, and no secret of the URL is in the message', async () => {
    const failure = await loopback()
      .request('http://127.0.0.1:1/path?token=hidden')
      .catch((error: Error) => error);
    expect(failure).toMatchObject({ reason: 'unreachable' });
    expect((failure as Error).message).not.toContain('hidden');
  });
});

describe('addresses kept for later', () => {
  const of = (allowed: readonly string[], addresses: readonly string[]) =>
    createEgress({ allowed, resolve: async () => addresses });

  test('are asked about without a connection', async () => {
    await expect(of([], ['8.8.8.8']).check('https://idp.example/token')).resolves.toBeUndefined();
    await expect(of([], ['8.8.8.8', '10.0.0.1']).check('https://idp.example/')).rejects.toMatchObject({
      reason: 'refused',
    });
    await expect(of([], []).check('https://127.0.0.1/')).rejects.toMatchObject({ reason: 'refused' });
    await expect(of(['127.0.0.1'], []).check('https://127.0.0.1/')).resolves.toBeUndefined();
    await expect(of([], []).check('file:///etc/passwd')).rejects.toMatchObject({ reason: 'refused' });
  });
});
