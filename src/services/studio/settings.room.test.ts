import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type StudioUnderTest, startStudio } from './testing/studio-under-test.ts';

let database: TestDatabase;
let studio: StudioUnderTest;

beforeAll(async () => {
  database = await testDatabase();
  studio = await startStudio(database.connection('supabase_admin'), Date.UTC(2026, 0, 1), {
    STUDIO_SETTINGS_HISTORY: '4',
  });
});
afterAll(async () => {
  await studio?.stop();
  await database?.drop();
});

/** Asks as the gateway passes the owner's HTTP Basic on; or with a cookie. */
async function ask(method: string, path: string, body?: unknown, cookie?: string) {
  const response = await fetch(`${studio.url}/api/studio${path}`, {
    method,
    headers: {
      'x-studio-request': '1',
      ...(cookie === undefined ? { 'x-consumer-username': 'DASHBOARD' } : { cookie }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

async function signInAs(role: string): Promise<string> {
  const [name, password] = [`of role ${role}`, 'twelve letters at least'];
  expect((await ask('POST', '/operators', { name, role, password })).status).toBe(201);
  const { status, headers } = await ask('POST', '/session', { name, password }, '');
  expect(status).toBe(204);
  return headers.get('set-cookie')?.split(';')[0] ?? '';
}

const valueOfSetting = async (name: string) =>
  (await ask('GET', '/settings')).body.settings.find((each: { name: string }) => each.name === name);

test('settings are changed, looked back at and put back; secrets only ever go in', async () => {
  const changes = { SITE_URL: 'https://a.example.com', SMTP_PASS: 'hunter2-hunter2' };
  expect((await ask('PATCH', '/settings', { changes })).body).toEqual({ changed: ['SITE_URL', 'SMTP_PASS'] });
  expect(await valueOfSetting('SITE_URL')).toMatchObject({ text: 'https://a.example.com', changedHere: true });
  expect(await valueOfSetting('SMTP_PASS')).toMatchObject({ isSet: true, secret: true });
  expect(await valueOfSetting('SMTP_PASS')).not.toHaveProperty('text');
  expect((await ask('PATCH', '/settings', { changes })).body).toEqual({ changed: [] });
  await ask('PATCH', '/settings', { changes: { SITE_URL: null } });
  expect(await valueOfSetting('SITE_URL')).toMatchObject({ text: 'http://localhost:3000', changedHere: false });

  const history = (await ask('GET', '/settings/history')).body;
  expect(history).toMatchObject([
    { changes: [{ name: 'SITE_URL', before: 'https://a.example.com', after: null }] },
    {
      operator: 'supabase',
      rooms: 'auth',
      changes: [
        { name: 'SITE_URL', before: null, after: 'https://a.example.com' },
        { name: 'SMTP_PASS', secret: true, before: null, after: '' },
      ],
    },
  ]);
  expect((await ask('POST', `/settings/history/${history[0].id}/undo`)).body).toEqual({ changed: ['SITE_URL'] });
  expect(await valueOfSetting('SITE_URL')).toMatchObject({ text: 'https://a.example.com' });
  // What other changes made of other settings stays.
  await ask('PATCH', '/settings', { changes: { STORAGE_DB_POOL: '20' } });
  expect((await ask('POST', `/settings/history/${history[1].id}/undo`)).body).toEqual({
    changed: ['SITE_URL', 'SMTP_PASS'],
  });
  expect(await valueOfSetting('STORAGE_DB_POOL')).toMatchObject({ text: '20', changedHere: true });
  expect(await valueOfSetting('SMTP_PASS')).toMatchObject({ isSet: false });

  // Five changes were made, four are kept, and none of them holds the secret for a reader of the database.
  const kept = (await ask('GET', '/settings/history')).body as { id: number }[];
  expect(kept).toHaveLength(4);
  expect((await ask('GET', `/settings/history?before=${kept[1]?.id}`)).body).toHaveLength(2);
  const rows = await database.query(
    `select changes::text || encode(before, 'escape') as text from _pmoves.studio_settings_history`,
  );
  expect(JSON.stringify(rows)).not.toContain('hunter2');
  expect((await ask('GET', '/audit')).body.map((entry: { action: string }) => entry.action)).toContain('settings');
  expect(JSON.stringify((await ask('GET', '/audit')).body)).not.toContain('hunter2');
});

test('what cannot be used changes nothing, and says why', async () => {
  const before = (await ask('GET', '/settings/history')).body;
  expect(await ask('PATCH', '/settings', { changes: { SITE_URL: 'nowhere' } })).toMatchObject({
    status: 400,
    body: {
      code: 'settings_refused',
      message: 'SITE_URL must be an address',
      problems: [{ name: 'SITE_URL', message: 'must be an address' }],
    },
  });
  expect(await ask('PATCH', '/settings', { changes: { JWT_SECRET: 'x' } })).toMatchObject({
    status: 400,
    body: { code: 'unknown_setting' },
  });
  expect((await ask('PATCH', '/settings', {})).status).toBe(400);
  expect((await ask('POST', '/settings/history/0/undo')).status).toBe(404);
  expect((await ask('POST', '/settings/history/x/undo')).status).toBe(404);
  expect((await ask('GET', '/settings/history')).body).toEqual(before);
});

test('a draft of a mail is looked at in a frame that can do nothing, and sent to try it', async () => {
  const draft = { kind: 'invite', subject: 'Come', body: '<script>alert(1)</script><p style="color: red">Come</p>' };
  const { body } = await ask('POST', '/mails/previews', draft);
  expect(body.subject).toBe('Come');
  const shown = await ask('GET', body.path.replace('/api/studio', ''));
  expect(shown.body).toBe(draft.body);
  expect(shown.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none';/);
  expect(shown.headers.get('x-frame-options')).toBe('SAMEORIGIN');
  expect((await ask('GET', body.path.replace('/api/studio', ''), undefined, '')).status).toBe(401);
  expect((await ask('GET', '/mails/previews/none')).status).toBe(404);
  expect(await ask('POST', '/mails/previews', { ...draft, kind: 'other' })).toMatchObject({
    status: 400,
    body: { message: 'There are no mails of kind other' },
  });
  expect((await ask('POST', '/mails/previews', { kind: 'invite' })).status).toBe(400);

  expect((await ask('POST', '/mails/test', { ...draft, to: 'me@example.com' })).status).toBe(204);
  expect(await ask('POST', '/mails/test', { ...draft, to: 'you@example.com' })).toMatchObject({
    status: 400,
    body: { code: 'mail_refused', message: '550 no such mailbox' },
  });
  expect((await ask('POST', '/mails/test', { ...draft, to: 'a@b.c, d@e.f' })).status).toBe(400);
});

test('owners change settings, developers try mails, everybody looks', async () => {
  const draft = { kind: 'invite', subject: '', body: '' };
  const asked = [
    ['GET', '/settings', undefined],
    ['GET', '/settings/history', undefined],
    ['GET', '/mails', undefined],
    ['POST', '/mails/previews', draft],
    ['POST', '/mails/test', { ...draft, to: 'me@example.com' }],
    ['PATCH', '/settings', { changes: { SITE_URL: null } }],
    ['POST', '/settings/history/1/undo', undefined],
  ] as const;
  for (const [role, expected] of [
    ['read-only', [200, 200, 200, 403, 403, 403, 403]],
    ['developer', [200, 200, 200, 200, 403, 403, 403]],
  ] as const) {
    const cookie = await signInAs(role);
    const answers = [];
    for (const [method, path, body] of asked) answers.push((await ask(method, path, body, cookie)).status);
    expect(answers, role).toEqual(expected);
  }
});
