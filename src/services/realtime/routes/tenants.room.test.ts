import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signHs256 } from '#kernel/jwt';
import { until } from '../../../../test/support/client.ts';
import { type RealtimeUnderTest, startRealtime, testSecret, testToken } from '../testing/realtime-under-test.ts';

const adminSecret = 'the administration has a secret of its own, long enough';
const admin = signHs256({ exp: 4_000_000_000 }, adminSecret);
const nextSecret = 'the secret that the administration has from tomorrow on';
const blocked = signHs256({ exp: 4_000_000_000, lost: true }, adminSecret);
const blockedOfMetrics = signHs256({ lost: true }, testSecret);
const path = '/api/tenants/realtime-dev';

let realtime: RealtimeUnderTest;
beforeAll(async () => {
  realtime = await startRealtime({
    env: {
      STACK_REALTIME_ADMIN_SECRET: adminSecret,
      STACK_REALTIME_ADMIN_SECRET_NEXT: nextSecret,
      STACK_REALTIME_ADMIN_BLOCKED: `x, ${blocked}`,
      STACK_REALTIME_METRICS_BLOCKED: blockedOfMetrics,
      STACK_CHANGES_SLOT_LIMIT: '1GB',
    },
  });
});
afterAll(() => realtime.stop());

async function ask(method: string, address: string, body?: object, token = admin) {
  const answer = await fetch(`${realtime.url}${address}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

describe('the tenant', () => {
  test('is shown, alone and in the list', async () => {
    const { status, json } = await ask('GET', path);
    expect(status).toBe(200);
    expect(json.data).toMatchObject({
      external_id: 'realtime-dev',
      max_concurrent_users: 200,
      max_channels_per_client: 100,
      max_joins_per_second: 100,
      private_only: false,
      suspend: false,
    });
    expect((await ask('GET', '/api/tenants')).json).toEqual({ data: [json.data] });
    expect((await ask('GET', '/api/tenants/other')).status).toBe(404);
  });

  test('is shown to bearers of either secret, but not of tokens that are blocked', async () => {
    const of = async (token: string) => (await ask('GET', path, undefined, token)).status;
    expect(await of(signHs256({}, nextSecret))).toBe(200);
    expect(await of(blocked)).toBe(403);
    expect((await ask('GET', '/metrics', undefined, blockedOfMetrics)).status).toBe(403);
  });

  test.each(['PUT', 'PATCH'])('takes new limits by %s, which count at once and leave sockets alone', async (method) => {
    const client = await realtime.client();
    await client.join('kept');
    const changed = await ask(method, path, { tenant: { max_channels_per_client: 1, name: 'passed over' } });
    expect(changed.status).toBe(200);
    expect(changed.json.data).toMatchObject({ external_id: 'realtime-dev', max_channels_per_client: 1 });
    expect((await ask('GET', path)).json).toEqual(changed.json);
    expect((await client.join('one too many')).payload).toEqual({
      status: 'error',
      response: { reason: 'ChannelRateLimitReached: Too many channels' },
    });
    expect((await ask(method, path, { tenant: { max_channels_per_client: 100 } })).status).toBe(200);
    expect((await client.join('one more')).payload.status).toBe('ok');
    client.close();
  });

  test('refuses what is no limit, all or nothing, and strangers', async () => {
    const before = (await ask('GET', path)).json;
    expect(await ask('PATCH', path, { tenant: { max_concurrent_users: -1, suspend: true } })).toMatchObject({
      status: 422,
      json: { errors: { max_concurrent_users: ['is invalid'] } },
    });
    expect(await ask('PUT', path, {})).toMatchObject({ status: 422, json: { errors: { tenant: ["can't be blank"] } } });
    const client = await ask('PUT', path, { tenant: { suspend: true } }, testToken({ role: 'service_role' }));
    expect(client).toMatchObject({ status: 403, text: '' });
    expect((await ask('GET', path)).json).toEqual(before);
  });

  test('that is suspended, or reloaded, tells its channels and closes their sockets', async () => {
    const client = await realtime.client();
    await client.join('closed');
    expect((await ask('PATCH', path, { tenant: { suspend: true } })).json.data.suspend).toBe(true);
    expect((await client.event('system')).payload).toMatchObject({
      status: 'ok',
      message: 'Server requested disconnect',
    });
    expect(await client.closed).toBe(1012);
    await expect(realtime.client()).rejects.toThrow('403 {"error":"Realtime was disabled for this tenant"}');
    await ask('PATCH', path, { tenant: { suspend: false } });
    const again = await realtime.client();
    await again.join('reloaded');
    expect((await ask('POST', `${path}/reload`)).status).toBe(204);
    expect(await again.closed).toBe(1012);
  });
});

describe('making and removing', () => {
  const post = (tenant: object) => ask('POST', '/api/tenants', { tenant });

  test('there is room for one: its name is taken, and no other can be had', async () => {
    const only = 'this server keeps one tenant, realtime-dev';
    for (const [answer, problem] of [
      [await post({ external_id: 'realtime-dev' }), 'has already been taken'],
      [await post({ external_id: 'second', jwt_secret: testSecret }), only],
      [await post({ name: 'nameless' }), "can't be blank"],
      [await ask('PUT', '/api/tenants/second', { tenant: {} }), only],
      [await ask('PATCH', path, { tenant: { external_id: 'second' } }), only],
    ] as const)
      expect(answer).toMatchObject({ status: 422, json: { errors: { external_id: [problem] } } });
    expect((await ask('DELETE', '/api/tenants/second')).status).toBe(204);
    expect((await ask('GET', path)).status).toBe(200);
  });

  test('what the settings decide is refused when it differs, and taken when it is the same', async () => {
    const settings = "is decided by the server's settings and cannot be changed here";
    const other = {
      jwt_secret: 'another',
      jwt_jwks: { keys: [{ kty: 'oct', k: 'AA' }] },
      extensions: [{ type: 'postgres_cdc_rls', settings: { db_name: 'elsewhere' } }],
    };
    expect(await ask('PUT', path, { tenant: { ...other, suspend: true } })).toMatchObject({
      status: 422,
      json: { errors: { jwt_secret: [settings], jwt_jwks: [settings], extensions: [settings] } },
    });
    const same = {
      external_id: 'realtime-dev',
      jwt_secret: testSecret,
      jwt_jwks: null,
      extensions: [{ type: 'postgres_cdc_rls', settings: { db_name: realtime.db.name, db_host: 'db' } }],
    };
    const kept = await ask('PUT', path, { tenant: same });
    expect(kept).toMatchObject({ status: 200, json: { data: { suspend: false } } });
    expect(kept.text).not.toContain(testSecret);
  });

  test('a tenant that was removed is nowhere; made again, it has the limits of the settings', async () => {
    const client = await realtime.client();
    await client.join('removed');
    await ask('PATCH', path, { tenant: { max_joins_per_second: 7, max_channels_per_client: 3 } });
    expect((await ask('DELETE', path, undefined, testToken({ role: 'service_role' }))).status).toBe(403);
    expect(await ask('DELETE', path)).toEqual({ status: 204, text: '', json: undefined });
    expect((await client.event('system')).payload.message).toBe('Server requested disconnect');
    expect(await client.closed).toBe(1012);
    await expect(realtime.client()).rejects.toThrow('404 {"error":"Tenant not found"}');
    expect((await ask('GET', '/api/tenants')).json).toEqual({ data: [] });
    for (const address of [path, `${path}/health`])
      expect(await ask('GET', address)).toMatchObject({ status: 404, json: { error: 'not found' } });
    const messages = [{ topic: 'a', event: 'b', payload: {} }];
    expect(await ask('POST', '/api/broadcast', { messages }, testToken())).toMatchObject({
      status: 401,
      json: { message: 'Tenant not found in database' },
    });
    expect((await ask('DELETE', path)).status).toBe(204);
    const made = await post({ external_id: 'realtime-dev', max_channels_per_client: 5 });
    expect(made).toMatchObject({
      status: 201,
      json: { data: { max_channels_per_client: 5, max_joins_per_second: 100 } },
    });
    expect((await (await realtime.client()).join('again')).payload.status).toBe('ok');
    await ask('DELETE', path);
    expect((await ask('PUT', path, { tenant: {} })).status).toBe(201);
    expect((await ask('GET', path)).json.data.max_channels_per_client).toBe(100);
  });
});

test('too many joins a second end the socket, after the answer', async () => {
  const client = await realtime.client();
  await ask('PATCH', path, { tenant: { max_joins_per_second: 1 } });
  let reply = await client.join('join');
  while (reply.payload.status === 'ok') reply = await client.join('join');
  expect(reply.payload.response).toEqual({ reason: 'ClientJoinRateLimitReached: Too many joins per second' });
  expect(await client.closed).toBe(1001);
  await ask('PATCH', path, { tenant: { max_joins_per_second: 0 } });
});

test('requests that send have the limit of events and a rate of their own', async () => {
  await ask('PATCH', path, { tenant: { max_events_per_second: 1 } });
  const post = () => ask('POST', '/api/broadcast', {}, testToken());
  let answer = await post();
  while (answer.status === 422) answer = await post();
  expect(answer).toMatchObject({ status: 429, json: { message: 'Too many requests' } });
  const refused = await fetch(`${realtime.url}/api/broadcast`, { method: 'POST' });
  expect(refused.status).toBe(429);
  expect(Object.fromEntries(refused.headers)).toMatchObject({
    'x-rate-limit': '1',
    'x-rate-limit-remaining': '0',
    'x-rate-rolling': expect.stringMatching(/^\d/),
    'retry-after': '1',
  });
  await ask('PATCH', path, { tenant: { max_events_per_second: 0 } });
  expect((await post()).status).toBe(422);
});

test('health and metrics tell how far the slot lags, and what it holds back', async () => {
  const metrics = async () => (await ask('GET', '/metrics', undefined, signHs256({}, testSecret))).text;
  await until('changes to stream', async () =>
    (await metrics()).includes('realtime_changes_streaming{tenant="realtime-dev"} 1'),
  );
  await realtime.db.query(
    'create table public.metered (id int primary key); alter publication supabase_realtime add table public.metered',
  );
  const client = await realtime.client(2, testToken({ role: 'service_role' }));
  await client.join('metered', { postgres_changes: [{ event: '*', schema: 'public', table: 'metered' }] });
  await client.event('system', 20_000);
  await realtime.db.query('insert into public.metered values (1)');
  await client.event('postgres_changes', 20_000);
  client.close();
  const text = await metrics();
  expect(text).toMatch(/^realtime_replication_poller_query_duration_count [1-9]/m);
  for (const name of ['lag_bytes', 'retained_bytes', 'subscriptions'])
    expect(text).toMatch(
      new RegExp(`^# TYPE realtime_changes_${name} gauge\\nrealtime_changes_${name}\\{[^}]*\\} \\d+$`, 'm'),
    );
  for (const name of ['committed_at', 'inserted_at'])
    expect(text).toContain(`realtime_tenants_broadcast_from_database_latency_${name}_bucket{le="+Inf"} `);
  for (const address of ['/metrics/eu', '/tenant-metrics', '/tenant-metrics/eu']) {
    const found = await ask('GET', address, undefined, signHs256({}, testSecret));
    expect(found.text).toContain('realtime_connections_connected_cluster');
    expect((await ask('GET', address, undefined, 'none')).status).toBe(403);
  }
  const { detail } = (await realtime.room.health()) as { detail?: Record<string, unknown> };
  expect(detail?.changes).toMatchObject({
    streaming: true,
    owner: true,
    lagBytes: expect.any(Number),
    retainedBytes: expect.any(Number),
  });
  expect((await ask('GET', `${path}/health`)).json.data).toMatchObject({ healthy: true, replication_connected: true });
});
