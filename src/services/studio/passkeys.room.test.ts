import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { codeAt, owner, type StudioUnderTest, startStudio } from './testing/studio-under-test.ts';

const began = Date.UTC(2026, 0, 1);
let database: TestDatabase;
let studio: StudioUnderTest;
let now = began;
let cookie: string;

beforeAll(async () => {
  database = await testDatabase();
  studio = await startStudio(database.connection('supabase_admin'), began, { STUDIO_PASSKEYS: '2' });
  cookie = await signIn({ name: owner.username, password: owner.password });
});
afterAll(async () => {
  await studio?.stop();
  await database?.drop();
});

const home = { origin: 'https://dash.example.org', 'x-forwarded-host': 'dash.example.org' };

interface Given {
  readonly cookie?: string | undefined;
  readonly body?: object;
  readonly headers?: Record<string, string>;
}

async function ask(method: string, path: string, { cookie: with_, body, headers = home }: Given = {}) {
  const response = await fetch(`${studio.url}/api/studio${path}`, {
    method,
    headers: {
      'x-studio-request': '1',
      ...(with_ && { cookie: with_ }),
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    cookie: response.headers.get('set-cookie')?.split(';')[0],
    body: text === '' ? undefined : JSON.parse(text),
  };
}

function pass(time: number): void {
  now += time;
  studio.wait(time);
}

async function signIn(body: object): Promise<string> {
  pass(60_000);
  const answer = await ask('POST', '/session', { body });
  expect(answer.status).toBe(204);
  return answer.cookie as string;
}

const said = (challenge: string, id: string, more: object = {}) => ({
  id,
  challenge,
  userVerified: true,
  counter: 1,
  ...more,
});

async function addPasskey(id: string, more: object = {}, by = { cookie, password: owner.password }) {
  const offered = await ask('POST', '/passkeys/options', { cookie: by.cookie, body: { password: by.password } });
  expect(offered.status).toBe(200);
  const credential = said(offered.body.options.challenge, id, more);
  return ask('POST', '/passkeys', { cookie: by.cookie, body: { id: offered.body.id, credential } });
}

async function byPasskey(id: string, more: object = {}, headers: Record<string, string> = home) {
  pass(60_000);
  const asked = await ask('POST', '/session/passkey', { body: {}, headers });
  expect(asked.status).toBe(200);
  const credential = said(asked.body.options.challenge, id, more);
  return ask('POST', '/session/passkey', { body: { id: asked.body.id, credential }, headers });
}

const names = async () =>
  ((await ask('GET', '/passkeys', { cookie })).body as { id: string }[]).map(({ id }) => id).sort();

test('is made by who shows the password once more, and signs in without it', async () => {
  expect((await ask('POST', '/passkeys/options', { cookie, body: { password: 'no' } })).body.code).toBe(
    'wrong_credentials',
  );
  expect((await ask('POST', '/passkeys/options', { body: { password: owner.password } })).status).toBe(401);
  expect(await addPasskey('aaaa', { userVerified: false })).toMatchObject({
    status: 401,
    body: { code: 'wrong_passkey' },
  });
  expect(await names()).toEqual([]);
  expect(await addPasskey('aaaa')).toMatchObject({ status: 201, body: { name: 'Fake' } });
  expect(await names()).toEqual(['aaaa']);

  const answer = await byPasskey('aaaa', { counter: 2 });
  expect(answer.status).toBe(204);
  expect((await ask('GET', '/session', { cookie: answer.cookie })).body).toMatchObject({
    name: 'supabase',
    role: 'owner',
  });
  const [key] = (await ask('GET', '/passkeys', { cookie })).body as { usedAt: string; relyingParty: string }[];
  expect(key).toMatchObject({
    usedAt: new Date(now).toISOString().replace('.000Z', '+00:00'),
    relyingParty: 'dash.example.org',
  });
});

test('an answer counts once, for its own challenge, its own time and its own domain', async () => {
  for (const [id, more] of [
    ['bbbb', {}],
    ['aaaa', { userVerified: false }],
    ['aaaa', { challenge: 'another' }],
  ] as const)
    expect(await byPasskey(id, more)).toMatchObject({ status: 401, body: { code: 'wrong_passkey' } });
  const elsewhere = { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' };
  expect((await byPasskey('aaaa', {}, elsewhere)).status).toBe(401);

  const asked = await ask('POST', '/session/passkey', { body: {} });
  const body = { id: asked.body.id, credential: said(asked.body.options.challenge, 'aaaa') };
  // A challenge for signing in makes no passkey.
  expect((await ask('POST', '/passkeys', { cookie, body })).status).toBe(401);
  expect((await ask('POST', '/session/passkey', { body })).status).toBe(204);
  expect((await ask('POST', '/session/passkey', { body })).status).toBe(401);

  const late = await ask('POST', '/session/passkey', { body: {} });
  pass(5 * 60_000 + 1);
  const credential = said(late.body.options.challenge, 'aaaa');
  expect((await ask('POST', '/session/passkey', { body: { id: late.body.id, credential } })).status).toBe(401);
  expect((await ask('POST', '/session/passkey', { body: { id: 'none', credential } })).status).toBe(401);
});

test('browsers make none without a name or TLS, and other sites may not ask', async () => {
  for (const origin of ['http://dash.example.org', 'https://192.0.2.7', 'https://[::1]']) {
    const headers = { origin, 'x-forwarded-host': new URL(origin).host };
    expect((await ask('POST', '/session/passkey', { body: {}, headers })).body.code).toBe('no_passkey_origin');
  }
  const headers = { origin: 'https://evil.example' };
  expect((await ask('POST', '/session/passkey', { body: {}, headers })).body.code).toBe('foreign_origin');
  expect((await ask('POST', '/session/passkey', { body: {}, headers: {} })).body.code).toBe('no_passkey_origin');
});

test('attempts from one address are bounded', async () => {
  pass(60_000);
  const codes = [];
  for (let turn = 0; turn < 11; turn++) codes.push((await ask('POST', '/session/passkey', { body: {} })).status);
  expect(codes).toEqual([...Array(10).fill(200), 429]);
});

test('an operator has so many, removes any, and loses all when an owner sets another password', async () => {
  const name = 'other';
  const password = 'a password of twelve';
  const added = await ask('POST', '/operators', { cookie, body: { name, role: 'developer', password } });
  const other = { cookie: await signIn({ name, password }), password };
  expect((await addPasskey('cccc', {}, other)).status).toBe(201);
  expect((await addPasskey('aaaa', {}, other)).body.code).toBe('too_many_passkeys');
  expect((await ask('DELETE', '/passkeys/aaaa', { cookie: other.cookie })).status).toBe(404);
  expect((await byPasskey('cccc')).status).toBe(204);
  await ask('PATCH', `/operators/${added.body.id}`, { cookie, body: { password: 'another of twelve' } });
  expect((await byPasskey('cccc')).status).toBe(401);

  expect((await addPasskey('dddd')).status).toBe(201);
  const third = await ask('POST', '/passkeys/options', { cookie, body: { password: owner.password } });
  expect(third).toMatchObject({ status: 409, body: { code: 'too_many_passkeys' } });
  expect((await ask('DELETE', '/passkeys/dddd', { cookie })).status).toBe(204);
  expect(await names()).toEqual(['aaaa']);
  const audit = (await ask('GET', '/audit', { cookie })).body as { action: string }[];
  expect(new Set(audit.map(({ action }) => action))).toEqual(
    new Set([
      'sign-in',
      'sign-in (passkey)',
      'sign-in refused (passkey)',
      'passkey added',
      'passkey removed',
      'operator added',
      'operator changed',
    ]),
  );
});

test('with a second factor its code is asked for before one is made, and not when it is used', async () => {
  const offered = await ask('POST', '/second-factor', { cookie });
  const body = { secret: offered.body.secret, code: codeAt(now) };
  expect((await ask('PUT', '/second-factor', { cookie, body })).status).toBe(204);
  const asking = (code?: string) =>
    ask('POST', '/passkeys/options', { cookie, body: { password: owner.password, ...(code && { code }) } });
  expect((await asking()).body.code).toBe('code_needed');
  expect((await asking('no')).body.code).toBe('wrong_code');
  pass(30_000);
  expect((await asking(codeAt(now))).status).toBe(200);
  expect((await byPasskey('aaaa', { counter: 9 })).status).toBe(204);
});
