import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/client.ts';
import { type RawRequest, send, sendBytes } from '../support/raw-http.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// The gateway's own answers, byte for byte, and what it lets through to the rooms. Texts and forms are Kong 2.8.1's, as
// the compose stack gave them.
const stack = sharedStack();
const { anonKey, serviceKey, publishable, secret, dashboard } = stack.env;
const basic = `Basic ${Buffer.from(`${dashboard.username}:${dashboard.password}`).toString('base64')}`;
const request = (options: RawRequest) => send(stack.url, options);
const json = (message: string) => `{\n  "message":"${message}"\n}`;
const noKey = json('No API key found in request');
const echo = '/rest/v1/rpc/gateway_echo';

/** What a function called over REST saw of the request. */
interface Echo {
  readonly role: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

async function seen(headers: RawRequest['headers'] = {}, query = ''): Promise<Echo> {
  const answer = await request({ path: echo + query, headers });
  expect(answer.status, answer.body).toBe(200);
  return JSON.parse(answer.body) as Echo;
}

beforeAll(async () => {
  await runSql(
    stack,
    `create function gateway_echo() returns json language sql stable as $$
       select json_build_object('role', current_user, 'path', current_setting('request.path'),
         'headers', current_setting('request.headers')::json) $$`,
  );
  await until('the function being served', async () => {
    return (await request({ path: echo, headers: { apikey: serviceKey } })).status === 200;
  });
});

afterAll(async () => {
  await runSql(stack, 'drop function gateway_echo');
});

describe('keys', () => {
  const refused: readonly [string, RawRequest, string, string | undefined][] = [
    ['no key', { path: '/rest/v1/' }, 'No API key found in request', 'Key realm="kong"'],
    ['an empty key', { path: '/rest/v1/', headers: { apikey: '' } }, 'No API key found in request', 'Key realm="kong"'],
    [
      'a key in the body',
      { path: '/rest/v1/x', method: 'POST', body: `apikey=${'x'.repeat(9)}` },
      'No API key found in request',
      'Key realm="kong"',
    ],
    [
      'a session token without a key',
      { path: '/rest/v1/', headers: { authorization: `Bearer ${anonKey}` } },
      'No API key found in request',
      'Key realm="kong"',
    ],
    [
      'an unknown key',
      { path: '/rest/v1/', headers: { apikey: 'nope' } },
      'Invalid authentication credentials',
      undefined,
    ],
    [
      'an unknown opaque key',
      { path: '/auth/v1/settings', headers: { apikey: 'sb_secret_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA' } },
      'Invalid authentication credentials',
      undefined,
    ],
    [
      'a key in another case',
      { path: '/rest/v1/', headers: { apikey: anonKey.toUpperCase() } },
      'Invalid authentication credentials',
      undefined,
    ],
    [
      'a key given twice',
      {
        path: '/rest/v1/',
        headers: [
          ['apikey', anonKey],
          ['apikey', anonKey],
        ],
      },
      'Duplicate API key found',
      undefined,
    ],
    [
      'two keys, spelled differently',
      {
        path: '/rest/v1/',
        headers: [
          ['apikey', anonKey],
          ['ApiKey', serviceKey],
        ],
      },
      'Duplicate API key found',
      undefined,
    ],
    [
      'a key twice in the query',
      { path: `/rest/v1/?apikey=${anonKey}&apikey=${anonKey}` },
      'Duplicate API key found',
      undefined,
    ],
  ];

  test.each(refused)('%s', async (_name, options, message, challenge) => {
    const answer = await request(options);
    expect(answer.status).toBe(401);
    expect(answer.body).toBe(json(message));
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['www-authenticate']).toBe(challenge);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });

  test('a key signed with the same secret, but not one of the configured, is unknown', async () => {
    const { createHmac } = await import('node:crypto');
    const [head, claims] = anonKey.split('.');
    const other = `${head}.${Buffer.from('{"role":"anon","iss":"supabase"}').toString('base64url')}`;
    const signature = createHmac('sha256', stack.env.jwtSecret).update(other).digest('base64url');
    expect(claims).toBeDefined();
    expect((await request({ path: '/rest/v1/', headers: { apikey: `${other}.${signature}` } })).status).toBe(401);
  });

  test.each([
    ['the anon key', anonKey, 'anon'],
    ['the service key', serviceKey, 'service_role'],
    ['the publishable key', publishable, 'anon'],
    ['the secret key', secret, 'service_role'],
  ])('%s alone acts as its role, in header and query', async (_name, key, role) => {
    expect((await seen({ apikey: key })).role).toBe(role);
    expect((await seen({ APIKEY: key })).role).toBe(role);
    expect((await seen({}, `?apikey=${key}`)).role).toBe(role);
    expect((await seen({ apikey: key, authorization: `Bearer ${key}` })).role).toBe(role);
  });

  test.each([
    ['the header counts, not the query', { apikey: anonKey }, `?apikey=${serviceKey}`, 'anon'],
    ['a session token wins over the key', { apikey: serviceKey, authorization: `Bearer ${anonKey}` }, '', 'anon'],
    [
      'an opaque key as a token is translated',
      { apikey: anonKey, authorization: `Bearer ${secret}` },
      '',
      'service_role',
    ],
    ['an empty token is made from the key', { apikey: serviceKey, authorization: 'Bearer ' }, '', 'service_role'],
    ['another scheme makes nobody', { apikey: serviceKey, authorization: 'Basic eDp5' }, '', 'anon'],
  ])('%s', async (_name, headers, query, role) => {
    expect((await seen(headers as Record<string, string>, query)).role).toBe(role);
  });

  test('an unknown opaque key as a token is refused', async () => {
    const answer = await request({ path: echo, headers: { apikey: anonKey, authorization: 'Bearer sb_secret_none' } });
    expect(answer).toMatchObject({ status: 401, body: json('Invalid authentication credentials') });
  });

  test('only the service key reaches the meta interface', async () => {
    expect(await request({ path: '/pg/tables' })).toMatchObject({ status: 401, body: noKey });
    for (const apikey of [anonKey, publishable])
      expect(await request({ path: '/pg/tables', headers: { apikey } })).toMatchObject({
        status: 403,
        body: json('You cannot consume this service'),
      });
  });
});

describe('the form of errors follows Accept', () => {
  const forms: readonly [string | undefined, string, string][] = [
    [undefined, 'application/json; charset=utf-8', noKey],
    ['*/*', 'application/json; charset=utf-8', noKey],
    ['application/json', 'application/json; charset=utf-8', noKey],
    ['image/png', 'application/json; charset=utf-8', noKey],
    ['text/plain', 'text/plain; charset=utf-8', 'No API key found in request\n'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text/html; charset=utf-8', '<title>Kong Error</title>'],
    ['text/plain;q=0.2, text/html;q=0.9', 'text/html; charset=utf-8', '<p>No API key found in request.</p>'],
    ['application/xml', 'application/xml; charset=utf-8', '<message>No API key found in request</message>'],
  ];

  test.each(forms)('%s', async (accept, type, body) => {
    const answer = await request({ path: '/rest/v1/', headers: accept === undefined ? {} : { accept } });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toBe(type);
    if (type.startsWith('application/json') || type.startsWith('text/plain')) expect(answer.body).toBe(body);
    else expect(answer.body).toContain(body);
  });
});

describe('CORS', () => {
  const preflight = (path: string) =>
    request({
      method: 'OPTIONS',
      path,
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'apikey,authorization,x-odd-one',
      },
    });

  test.each([
    '/rest/v1/todos',
    '/auth/v1/token',
    '/auth/v1/verify',
    '/graphql/v1',
    '/storage/v1/object',
    '/functions/v1/hello',
    '/realtime/v1/api/broadcast',
    '/',
  ])('a preflight of %s is answered without a key', async (path) => {
    const answer = await preflight(path);
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('');
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT',
      'access-control-allow-headers': 'apikey,authorization,x-odd-one',
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    expect(answer.headers).not.toHaveProperty('access-control-max-age');
  });

  test('the meta interface takes no part in it', async () => {
    const answer = await preflight('/pg/tables');
    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('an OPTIONS that is no preflight needs a key', async () => {
    expect((await request({ method: 'OPTIONS', path: '/rest/v1/todos' })).status).toBe(401);
    const halfway = { origin: 'https://app.example' };
    expect((await request({ method: 'OPTIONS', path: '/rest/v1/todos', headers: halfway })).status).toBe(401);
  });

  test('answers of rooms carry one origin header, and it is the star', async () => {
    for (const path of [echo, '/auth/v1/settings', '/rest/v1/no_such_table']) {
      const text = await sendBytes(
        stack.url,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example\r\napikey: ${anonKey}\r\nConnection: close\r\n\r\n`,
      );
      const origins = [...text.matchAll(/^access-control-allow-origin: (.*)\r$/gim)].map((match) => match[1]);
      expect(origins, path).toEqual(['*']);
    }
  });
});

describe('routes', () => {
  const blocked = [
    '/api/mcp',
    '/mcp',
    '/mcp/x',
    '/realtime/v1/api/tenants',
    '/realtime/v1/api/tenants/realtime-dev',
    '/realtime/v1/api/tenants/x/reload',
    '/realtime/v1/api/openapi',
    '/analytics/v1/api/sources',
  ];

  test.each(blocked)('%s is closed to everybody', async (path) => {
    for (const headers of [{}, { apikey: serviceKey }, { authorization: basic }]) {
      const answer = await request({ path, headers: headers as Record<string, string> });
      expect(answer.status).toBe(403);
      expect(answer.body).toBe('{"message":"Access is forbidden."}');
    }
  });

  test.each(['/analytics/v1/api/logs', '/analytics/v1/api/endpoints/query/logs.all'])(
    '%s asks for a token of the log server, the keys of the project are none',
    async (path) => {
      const answer = await request({ method: 'POST', path, headers: { apikey: serviceKey } });
      expect(answer).toMatchObject({ status: 401, body: '{"error":"Unauthorized"}' });
    },
  );

  test('prefixes work without their slash, and are whole segments', async () => {
    expect(await request({ path: '/rest/v1' })).toMatchObject({ status: 401, body: noKey });
    expect((await request({ path: '/rest/v1', headers: { apikey: serviceKey } })).status).toBe(200);
    expect(await request({ path: '/pg', headers: { apikey: anonKey } })).toMatchObject({ status: 403 });
    expect((await request({ path: '/functions/v1' })).status).toBe(400);
    expect((await request({ path: '/storage/v1' })).status).toBe(404);
    for (const path of ['/rest/v10/x', '/rest/v1x', '/mcpx', '/REST/v1/x'])
      expect((await request({ path })).headers['www-authenticate'], path).toBe('Basic realm="kong"');
  });

  test('open parts of auth need no key, their neighbours do', async () => {
    expect((await request({ path: '/auth/v1/.well-known/jwks.json' })).status).toBe(200);
    expect((await request({ path: '/auth/v1/verify' })).status).toBe(400);
    for (const path of [
      '/auth/v1/settings',
      '/auth/v1/verifyx',
      '/auth/v1/.well-known/jwks.json/x',
      '/auth/v1/admin/users',
    ])
      expect(await request({ path }), path).toMatchObject({ status: 401, body: noKey });
  });

  test('graphql reaches its function, in its schema', async () => {
    const answer = await request({
      method: 'POST',
      path: '/graphql/v1',
      headers: { apikey: anonKey, 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    });
    expect(answer.status, answer.body).toBe(200);
    expect(JSON.parse(answer.body)).toHaveProperty('errors');
  });

  test('metrics want the service key, and tell of every room under the names of what it stands for', async () => {
    expect((await request({ path: '/metrics' })).status).toBe(401);
    expect((await request({ path: '/metrics', headers: { apikey: publishable } })).status).toBe(401);
    const scraped = await request({
      path: '/customer/v1/privileged/metrics',
      headers: { authorization: `Basic ${Buffer.from(`service_role:${secret}`).toString('base64')}` },
    });
    expect(scraped.status).toBe(200);
    const lines = scraped.body.trimEnd().split('\n');
    const series = /^\w+(\{(\w+="([^"\\\n]|\\.)*",?)+\})? (-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|[+-]Inf)$/;
    for (const line of lines) if (!line.startsWith('#')) expect(line).toMatch(series);
    const names = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]);
    expect(new Set(names).size).toBe(names.length);
    for (const name of [
      'gotrue_running',
      'pgrst_db_pool_max',
      'realtime_connections_connected',
      'storage_api_db_pool',
      'imgproxy_workers',
      'supavisor_db_connections_started',
      'functions_workers',
      'http_request_duration_seconds',
      'kong_http_requests_total',
      'vector_component_received_events_total',
      'analytics_events_stored_total',
      'pg_database_size_bytes',
      'process_resident_memory_bytes',
    ])
      expect(names).toContain(name);
    expect(lines).toContain('pg_up{room="db"} 1');
    expect(lines).toContain('stack_room_healthy{room="rest"} 1');
    for (const key of [serviceKey, secret, anonKey, dashboard.password]) expect(scraped.body).not.toContain(key);
  });

  test('health needs nothing, and tells of every room', async () => {
    const answer = await request({ path: '/health' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      status: 'ok',
      services: {
        db: { status: 'healthy' },
        auth: { status: 'healthy' },
        rest: { status: 'healthy' },
        gateway: { status: 'healthy' },
      },
    });
    for (const key of [stack.env.postgresPassword, stack.env.jwtSecret, anonKey, serviceKey])
      expect(answer.body).not.toContain(key);
    const head = await request({ method: 'HEAD', path: '/health' });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect((await request({ path: '/_health/live' })).status).toBe(200);
  });
});

describe('the dashboard', () => {
  test.each(['/', '/project/default', '/inbox', '/inbox/', '/anything', '/healthx'])(
    '%s asks for credentials',
    async (path) => {
      const none = await request({ path });
      expect(none).toMatchObject({ status: 401, body: json('Unauthorized') });
      expect(none.headers['www-authenticate']).toBe('Basic realm="kong"');
      const tries = [`Basic ${Buffer.from('supabase:wrong').toString('base64')}`, 'Basic !!', `Bearer ${serviceKey}`];
      for (const authorization of tries) {
        const wrong = await request({ path, headers: { authorization, apikey: serviceKey } });
        expect(wrong).toMatchObject({ status: 401, body: json('Invalid authentication credentials') });
        expect(wrong.headers).not.toHaveProperty('www-authenticate');
      }
    },
  );

  test('shows a page, and a profile to the probe of the compose file', async () => {
    const page = await request({ path: '/', headers: { authorization: basic } });
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const profile = await request({ path: '/api/platform/profile', headers: { authorization: basic } });
    expect(profile.status).toBe(200);
    expect(JSON.parse(profile.body)).toBeTypeOf('object');
  });
});

describe('headers a client may not set', () => {
  test('the caller is who the key says, and came from where it came', async () => {
    const { headers } = await seen({
      apikey: anonKey,
      'X-Consumer-Username': 'service_role',
      'X-Consumer-ID': 'root',
      'X-Consumer-Groups': 'admin',
      'sb-api-key': serviceKey,
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Prefix': '/evil',
      'X-Real-IP': '6.6.6.6',
      'Sb-Forwarded-For': '6.6.6.6',
      Forwarded: 'for=6.6.6.6',
      'X-Forwarded-For': '6.6.6.6',
    });
    expect(headers['x-consumer-username']).toBe('anon');
    for (const name of [
      'x-consumer-id',
      'x-consumer-groups',
      'sb-api-key',
      'x-forwarded-prefix',
      'sb-forwarded-for',
      'forwarded',
      'apikey',
    ])
      expect(headers, name).not.toHaveProperty(name);
    expect(headers['x-forwarded-host']).toBe(new URL(stack.url).host);
    expect(headers['x-forwarded-proto']).toBe('http');
    expect(headers['x-real-ip']).toMatch(/^(::ffff:)?127\.0\.0\.1$/);
    expect(headers['x-forwarded-for']).toMatch(/, (::ffff:)?127\.0\.0\.1$/);
  });

  test('the path is the one of the service, and every answer has an id', async () => {
    expect((await seen({ apikey: anonKey })).path).toBe('/rpc/gateway_echo');
    const [one, two] = await Promise.all([request({ path: '/rest/v1/' }), request({ path: '/health' })]);
    expect(one.headers['x-request-id']).toBeTruthy();
    expect(one.headers['x-request-id']).not.toBe(two.headers['x-request-id']);
  });
});
