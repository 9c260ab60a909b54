import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { codeAt, knownUser, owner, type StudioUnderTest, startStudio } from './testing/studio-under-test.ts';

const began = Date.UTC(2026, 0, 1);
let database: TestDatabase;
let studio: StudioUnderTest;
let now = began;

beforeAll(async () => {
  database = await testDatabase();
  studio = await startStudio(database.connection('supabase_admin'), began, {
    STUDIO_SESSIONS_PER_OPERATOR: '3',
    STUDIO_SESSION_CHECK: '100ms',
  });
});
afterAll(async () => {
  await studio?.stop();
  await database?.drop();
});

function wait(time: number): void {
  now += time;
  studio.wait(time);
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function ask(
  method: string,
  path: string,
  given: { cookie?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${studio.url}${path}`, {
    method,
    headers: {
      'x-studio-request': '1',
      ...(given.cookie && { cookie: given.cookie }),
      ...(given.body !== undefined && { 'content-type': 'application/json' }),
      ...given.headers,
    },
    ...(given.body !== undefined && { body: JSON.stringify(given.body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

async function signIn(name: string, password: string, code?: string): Promise<{ answer: Answer; cookie: string }> {
  wait(60_000);
  const answer = await ask('POST', '/api/studio/session', { body: { name, password, ...(code && { code }) } });
  return { answer, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

const asOwner = async (): Promise<string> => (await signIn(owner.username, owner.password)).cookie;
const codeOf = ({ body }: Answer) => (body as { code?: string }).code;

async function operator(role: string): Promise<string> {
  const name = `${role}-${Math.random().toString(36).slice(2)}`;
  const cookie = await asOwner();
  const password = 'a password of twelve';
  const added = await ask('POST', '/api/studio/operators', { cookie, body: { name, role, password } });
  expect(added.status).toBe(201);
  return (await signIn(name, password)).cookie;
}

describe('signing in', () => {
  test('the account of the settings is there from the first start, in any case of its name', async () => {
    const { answer, cookie } = await signIn('SUPABASE', owner.password);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect((await ask('GET', '/api/studio/session', { cookie })).body).toMatchObject({
      name: 'supabase',
      role: 'owner',
    });
    expect((await ask('GET', '/api/studio/session')).body).toBeNull();
  });

  test('a wrong password and an unknown name are told alike', async () => {
    for (const [name, password] of [
      [owner.username, 'wrong'],
      ['nobody', owner.password],
      [owner.username, ''],
    ] as const)
      expect((await signIn(name, password)).answer).toMatchObject({ status: 401, body: { code: 'wrong_credentials' } });
    expect((await ask('POST', '/api/studio/session', { body: { name: 1 } })).status).toBe(400);
  });

  test('attempts from one address are bounded, and so are those for one name', async () => {
    wait(60_000);
    const attempt = async (address: string, name: string) =>
      (
        await ask('POST', '/api/studio/session', {
          body: { name, password: 'x' },
          headers: { 'x-test-address': address },
        })
      ).status;
    for (let count = 0; count < 10; count++) expect(await attempt('192.0.2.7', `guess ${count}`)).toBe(401);
    expect(await attempt('192.0.2.7', 'another')).toBe(429);
    expect(await attempt('192.0.2.8', 'another')).toBe(401);
    for (let count = 0; count < 28; count++) expect(await attempt(`198.51.100.${count}`, 'another')).toBe(401);
    const refused = await ask('POST', '/api/studio/session', { body: { name: 'another', password: 'x' } });
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('a session ends when nobody uses it, at the end of its life, and by signing out', async () => {
    const idle = await asOwner();
    wait(11 * 3_600_000);
    expect((await ask('GET', '/api/studio/sessions', { cookie: idle })).status).toBe(200);
    wait(11 * 3_600_000);
    expect((await ask('GET', '/api/studio/sessions', { cookie: idle })).status).toBe(200);
    wait(13 * 3_600_000);
    expect((await ask('GET', '/api/studio/sessions', { cookie: idle })).body).toMatchObject({ code: 'signed_out' });

    const out = await asOwner();
    const left = await ask('DELETE', '/api/studio/session', { cookie: out });
    expect(left.status).toBe(204);
    expect(left.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await ask('GET', '/api/studio/services', { cookie: out })).status).toBe(401);
  });

  test('an operator has so many sessions, and ends any of their own', async () => {
    const cookies: string[] = [];
    for (let count = 0; count < 4; count++) cookies.push(await asOwner());
    const [first, , third, last] = cookies;
    expect((await ask('GET', '/api/studio/services', { cookie: first as string })).status).toBe(401);
    const { body } = await ask('GET', '/api/studio/sessions', { cookie: last as string });
    expect(body).toHaveLength(3);
    const { sessionId } = (await ask('GET', '/api/studio/session', { cookie: third as string })).body as {
      sessionId: string;
    };
    expect((await ask('DELETE', `/api/studio/sessions/${sessionId}`, { cookie: last as string })).status).toBe(204);
    expect((await ask('GET', '/api/studio/services', { cookie: third as string })).status).toBe(401);
    expect((await ask('DELETE', '/api/studio/sessions/nonsense', { cookie: last as string })).status).toBe(404);
  });

  test('of a token nothing is kept that would open the dashboard', async () => {
    const cookie = await asOwner();
    const token = cookie.split('=')[1] as string;
    const [row] = await database.query<{ found: boolean }>(
      `select bool_or(to_jsonb(s)::text like '%' || $1 || '%') as found from _pmoves.studio_sessions s`,
      [token],
    );
    expect(row?.found).toBe(false);
  });
});

describe('a second factor', () => {
  test('is asked for once it was shown to work; a code counts once', async () => {
    const cookie = await operator('developer');
    const me = (await ask('GET', '/api/studio/session', { cookie })).body as { name: string };
    const offered = (await ask('POST', '/api/studio/second-factor', { cookie })).body as {
      secret: string;
      uri: string;
    };
    expect(offered.uri).toContain(me.name);
    const put = (code: string) =>
      ask('PUT', '/api/studio/second-factor', { cookie, body: { secret: offered.secret, code } });
    expect(codeOf(await put('wrong'))).toBe('wrong_code');
    expect((await put(codeAt(now))).status).toBe(204);

    expect(codeOf((await signIn(me.name, 'a password of twelve')).answer)).toBe('code_needed');
    expect(codeOf((await signIn(me.name, 'a password of twelve', 'wrong')).answer)).toBe('wrong_code');
    const code = codeAt(now + 60_000);
    expect((await signIn(me.name, 'a password of twelve', code)).answer.status).toBe(204);
    const again = await ask('POST', '/api/studio/session', {
      body: { name: me.name, password: 'a password of twelve', code },
    });
    expect(codeOf(again)).toBe('wrong_code');

    const stored = await database.query<{ totp: Buffer }>('select totp from _pmoves.studio_operators where name = $1', [
      me.name,
    ]);
    expect(stored[0]?.totp.includes(offered.secret)).toBe(false);
    const [hashes] = await database.query<{ text: string }>(
      `select string_agg(encode(password, 'escape'), ' ') as text from _pmoves.studio_operators`,
    );
    expect(hashes?.text).not.toMatch(/[0-9a-f]{64}/);
    wait(60_000);
    const remove = (body: object) => ask('DELETE', '/api/studio/second-factor', { cookie, body });
    expect(codeOf(await remove({ password: 'wrong', code: codeAt(now) }))).toBe('wrong_credentials');
    expect((await remove({ password: 'a password of twelve', code: codeAt(now) })).status).toBe(204);
    expect((await signIn(me.name, 'a password of twelve')).answer.status).toBe(204);
  });

  test('an owner takes it away from somebody who lost it, the account of the settings among them', async () => {
    const cookie = await asOwner();
    const [first] = await database.query<{ id: string }>(
      `update _pmoves.studio_operators set totp = '\\x00' where from_settings returning id`,
    );
    expect(codeOf((await signIn(owner.username, owner.password)).answer)).toBe('code_needed');
    const body = { secondFactor: false };
    expect((await ask('PATCH', `/api/studio/operators/${first?.id}`, { cookie, body })).status).toBe(204);
    expect((await signIn(owner.username, owner.password)).answer.status).toBe(204);
  });
});

describe('operators', () => {
  test('are added, changed and removed by owners, with immediate effect', async () => {
    const cookie = await asOwner();
    const add = (body: object) => ask('POST', '/api/studio/operators', { cookie, body });
    expect(codeOf(await add({ name: 'kim', role: 'developer', password: 'short' }))).toBe('weak_password');
    expect(codeOf(await add({ name: 'kim', role: 'king', password: 'long enough for all' }))).toBe('invalid_request');
    const added = await add({ name: 'kim', role: 'developer', password: 'long enough for all' });
    expect(added.status).toBe(201);
    expect(JSON.stringify(added.body)).not.toMatch(/hash|long enough/);
    expect(codeOf(await add({ name: 'KIM', role: 'owner', password: 'long enough for all' }))).toBe('name_taken');

    const { id } = added.body as { id: string };
    const kim = await signIn('kim', 'long enough for all');
    expect((await ask('GET', '/api/studio/operators', { cookie: kim.cookie })).body).toMatchObject({
      code: 'role_too_low',
    });
    expect((await ask('PATCH', `/api/studio/operators/${id}`, { cookie, body: { role: 'owner' } })).status).toBe(204);
    expect((await ask('GET', '/api/studio/operators', { cookie: kim.cookie })).status).toBe(200);

    const change = (body: object) => ask('PUT', '/api/studio/password', { cookie: kim.cookie, body });
    expect(codeOf(await change({ current: 'wrong', password: 'another long one' }))).toBe('wrong_credentials');
    const elsewhere = await signIn('kim', 'long enough for all');
    expect((await change({ current: 'long enough for all', password: 'another long one' })).status).toBe(204);
    expect((await ask('GET', '/api/studio/services', { cookie: kim.cookie })).status).toBe(200);
    expect((await ask('GET', '/api/studio/services', { cookie: elsewhere.cookie })).status).toBe(401);

    expect((await ask('DELETE', `/api/studio/operators/${id}`, { cookie })).status).toBe(204);
    expect((await ask('GET', '/api/studio/services', { cookie: kim.cookie })).status).toBe(401);
  });

  test('the account of the settings is changed nowhere else', async () => {
    const cookie = await asOwner();
    const all = (await ask('GET', '/api/studio/operators', { cookie })).body as { id: string; fromSettings: boolean }[];
    const first = all.find(({ fromSettings }) => fromSettings)?.id;
    const answers = [
      await ask('DELETE', `/api/studio/operators/${first}`, { cookie }),
      await ask('PATCH', `/api/studio/operators/${first}`, { cookie, body: { role: 'read-only' } }),
      await ask('PUT', '/api/studio/password', {
        cookie,
        body: { current: owner.password, password: 'another long one' },
      }),
    ];
    expect(answers.map(codeOf)).toEqual(['settings_account', 'settings_account', 'settings_account']);
  });

  test('what they do is noted, for owners to read', async () => {
    const cookie = await operator('developer');
    expect((await ask('POST', '/api/studio/reveal', { cookie, body: { name: 'jwt_secret' } })).body).toEqual({
      value: 'the jwt_secret',
    });
    expect((await ask('POST', '/api/studio/reveal', { cookie, body: { name: 'secret_key' } })).status).toBe(404);
    expect((await ask('POST', '/api/studio/reveal', { cookie, body: { name: 'toString' } })).status).toBe(404);
    await ask('DELETE', '/api/rooms/auth/admin/users/1', { cookie });
    const log = async () =>
      (await ask('GET', '/api/studio/audit', { cookie: await asOwner() })).body as { action: string; target: string }[];
    await expect
      .poll(log)
      .toContainEqual(
        expect.objectContaining({ action: 'auth DELETE', target: '/admin/users/1 → 200', address: '192.0.2.1' }),
      );
    expect(await log()).toContainEqual(expect.objectContaining({ action: 'reveal', target: 'jwt_secret' }));
    expect(JSON.stringify(await log())).not.toContain('the jwt_secret');
    expect((await ask('GET', '/api/studio/audit', { cookie })).status).toBe(403);
  });
});

describe('requests for rooms', () => {
  const last = () => studio.asked.at(-1);

  test('carry the key of the server in place of anything the browser sent', async () => {
    const cookie = await asOwner();
    const headers = {
      authorization: 'Bearer mine',
      apikey: 'mine',
      'x-connection-encrypted': 'mine',
      'x-consumer-username': 'service_role',
      'x-api-key': 'mine',
    };
    const answer = await ask('GET', '/api/rooms/meta/tables?limit=1', { cookie, headers });
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(last()).toMatchObject({ method: 'GET', url: '/tables?limit=1' });
    expect(last()?.headers).toMatchObject({
      authorization: 'Bearer the-service-key',
      'x-connection-encrypted': 'sealed write',
      'x-pg-application-name': 'studio supabase',
      'x-forwarded-prefix': '/api/rooms/meta',
    });
    for (const name of ['cookie', 'apikey', 'x-api-key', 'x-consumer-username', 'x-studio-request'])
      expect(last()?.headers).not.toHaveProperty(name);
    await ask('GET', '/api/rooms/functions/default/functions', { cookie });
    expect(last()?.url).toBe('/v1/projects/default/functions');
  });

  test('for functions speak for the server, for visitors, or for nobody', async () => {
    const cookie = await asOwner();
    const sent = async (as?: string) => {
      const headers = { authorization: 'Bearer mine', ...(as !== undefined && { 'x-studio-as': as }) };
      await ask('POST', '/api/rooms/invoke/hello', { cookie, headers });
      expect(last()?.headers).not.toHaveProperty('x-studio-as');
      return last()?.headers.authorization;
    };
    expect(await sent()).toBe('Bearer the-service-key');
    expect(await sent('anon')).toBe('Bearer anon');
    expect(await sent('none')).toBeUndefined();
    await ask('GET', '/api/rooms/meta/tables', { cookie, headers: { 'x-studio-as': 'none' } });
    expect(last()?.headers.authorization).toBe('Bearer the-service-key');
  });

  test('for the REST API speak for a user as well, by a token that auth makes', async () => {
    const cookie = await asOwner();
    const sent = (as: string) => ask('GET', '/api/rooms/rest/todos', { cookie, headers: { 'x-studio-as': as } });
    await sent(`user:${knownUser}`);
    expect(last()?.headers.authorization).toBe('Bearer the-token-of-the-user');
    expect(last()?.headers).not.toHaveProperty('x-studio-as');
    const before = studio.asked.length;
    expect(await sent('user:0b3f9a52-0000-4000-8000-000000000002')).toMatchObject({
      status: 404,
      body: { code: 'no_user' },
    });
    expect(studio.asked).toHaveLength(before);
  });

  test('are answered by what does nothing to the dashboard, however a room sets its headers', async () => {
    const cookie = await asOwner();
    const answers = [
      { 'Set-Cookie': ['a=1', 'b=2'], 'Clear-Site-Data': '"*"', 'Content-Security-Policy': 'script-src *' },
      ['set-cookie', 'a=1', 'Set-Cookie', 'b=2', 'Clear-Site-Data', '"*"', 'content-security-policy', 'script-src *'],
    ];
    for (const path of ['/api/rooms/invoke/hello', '/api/rooms/storage/object/authenticated/files/page.html'])
      for (const sent of answers) {
        const { headers } = await ask('GET', path, { cookie, headers: { 'x-test-answer': JSON.stringify(sent) } });
        expect(headers.getSetCookie()).toEqual([]);
        expect(headers.get('x-studio-set-cookie')).toBe('a=1, b=2');
        expect([headers.get('clear-site-data'), headers.get('x-studio-clear-site-data')]).toEqual([null, '"*"']);
        expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none';[^,]*$/);
        expect(headers.get('x-content-type-options')).toBe('nosniff');
      }
  });

  test('of read-only operators can only read', async () => {
    const cookie = await operator('read-only');
    expect((await ask('POST', '/api/rooms/meta/query', { cookie, body: { query: 'select 1' } })).status).toBe(200);
    expect(last()?.headers['x-connection-encrypted']).toBe('sealed read');
    const before = studio.asked.length;
    for (const [method, path] of [
      ['DELETE', '/api/rooms/auth/admin/users/1'],
      ['POST', '/api/rooms/storage/bucket'],
      ['POST', '/api/rooms/invoke/f'],
    ] as const)
      expect(await ask(method, path, { cookie })).toMatchObject({ status: 403, body: { code: 'role_too_low' } });
    expect(codeOf(await ask('POST', '/api/studio/reveal', { cookie, body: { name: 'jwt_secret' } }))).toBe(
      'role_too_low',
    );
    expect(studio.asked).toHaveLength(before);
  });

  test('go nowhere without a session, for what is not offered, and where the room does not run', async () => {
    const before = studio.asked.length;
    expect(await ask('GET', '/api/rooms/meta/tables')).toMatchObject({ status: 401, body: { code: 'signed_out' } });
    const cookie = await asOwner();
    expect(codeOf(await ask('POST', '/api/rooms/auth/token', { cookie }))).toBe('path_not_offered');
    expect(codeOf(await ask('GET', '/api/rooms/storage/object/x%5c..%5cbucket', { cookie }))).toBe('path_not_offered');
    expect(codeOf(await ask('GET', '/api/rooms/analytics/api/endpoints/query/logs.all', { cookie }))).toBe(
      'room_absent',
    );
    expect(studio.asked).toHaveLength(before);
  });
});

describe('sockets for rooms', () => {
  const path = '/api/rooms/realtime/websocket?vsn=2.0.0&apikey=mine';

  /** Status of a refusal, or the socket of who was let in. */
  const open = (headers: Record<string, string>, address = path) =>
    new Promise<number | Duplex>((resolve, reject) => {
      const asking = request(`${studio.url}${address}`, {
        headers: { connection: 'Upgrade', upgrade: 'websocket', ...headers },
      });
      asking.once('upgrade', (_answer, socket) => resolve(socket));
      asking.once('response', (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asking.once('error', reject);
      asking.end();
    });

  test('carry the key of the server, both ways, and end with the session', async () => {
    const cookie = await operator('developer');
    const socket = await open({ cookie, origin: studio.url, 'x-api-key': 'mine', authorization: 'Bearer mine' });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    const asked = studio.asked.at(-1);
    expect(asked).toMatchObject({ url: '/socket/websocket?vsn=2.0.0&apikey=mine' });
    expect(asked?.headers).toMatchObject({ 'x-api-key': 'the-service-key', authorization: 'Bearer the-service-key' });
    expect(asked?.headers).not.toHaveProperty('cookie');
    socket.write('said');
    expect(await new Promise((resolve) => socket.once('data', (data) => resolve(data.toString())))).toBe('said');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    await ask('DELETE', '/api/studio/session', { cookie });
    await ended;
  });

  test('are opened for nobody without a session, of a lower role, of another site, or elsewhere', async () => {
    const before = studio.asked.length;
    const cookie = await operator('developer');
    expect(await open({})).toBe(401);
    expect(await open({ cookie: await operator('read-only') })).toBe(403);
    expect(await open({ cookie, origin: 'https://evil.example' })).toBe(403);
    expect(await open({ cookie, origin: 'null' })).toBe(403);
    expect(await open({ cookie }, '/api/rooms/realtime/longpoll')).toBe(404);
    expect(await open({ cookie }, '/api/rooms/analytics/api/logs/tail')).toBe(503);
    expect(await open({ cookie }, '/api/rooms/invoke/hello')).toBe(404);
    expect(await open({ cookie }, '/elsewhere')).toBe(404);
    expect(studio.asked).toHaveLength(before);
  });
});

describe('requests of other sites', () => {
  test('are refused, whatever cookie they come with', async () => {
    const cookie = await asOwner();
    const foreign = { origin: 'https://evil.example' };
    const answers = [
      await ask('DELETE', '/api/studio/session', { cookie, headers: foreign }),
      await ask('POST', '/api/rooms/meta/query', { cookie, headers: foreign, body: { query: 'drop table x' } }),
      await ask('POST', '/api/rooms/meta/query', {
        cookie,
        headers: { 'x-studio-request': '' },
        body: { query: 'drop table x' },
      }),
      await ask('GET', '/api/studio/project', { cookie, headers: { 'sec-fetch-site': 'cross-site' } }),
      await ask('POST', '/api/studio/session', {
        headers: foreign,
        body: { name: owner.username, password: owner.password },
      }),
    ];
    expect(answers.map(codeOf)).toEqual(Array(5).fill('foreign_origin'));
    expect((await ask('GET', '/api/studio/project', { cookie })).status).toBe(200);
  });
});

test('the account of the settings comes by HTTP Basic too, where the gateway says so', async () => {
  const headers = { 'x-consumer-username': 'DASHBOARD' };
  expect((await ask('GET', '/api/studio/session', { headers })).body).toMatchObject({ role: 'owner', sessionId: null });
  expect((await ask('GET', '/api/studio/session', { headers: { 'x-consumer-username': 'anon' } })).body).toBeNull();
});

test('without a built dashboard the page says so', async () => {
  expect(await ask('GET', '/')).toMatchObject({ status: 503, body: { code: 'not_built' } });
  expect((await ask('GET', '/api/nowhere')).status).toBe(404);
  expect((await ask('GET', '/assets/x.js')).status).toBe(404);
});
