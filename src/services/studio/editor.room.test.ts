import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { owner, type StudioUnderTest, startStudio } from './testing/studio-under-test.ts';

// What the SQL editor asks of the room: snippets, and the assistant, whose service is a stand-in on this machine.
const key = 'sk-the-key-of-the-assistant';
let database: TestDatabase;
let studio: StudioUnderTest;
let folder: string;
let model: Server;
let cookie: string;
const asked: {
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: unknown;
}[] = [];
let answer: { readonly status: number; readonly body: string } = { status: 200, body: '' };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'studio-snippets-'));
  model = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      asked.push({ url: request.url, authorization: request.headers.authorization, body });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  database = await testDatabase();
  studio = await startStudio(database.connection('supabase_admin'), Date.UTC(2026, 0, 1), {
    SNIPPETS_MANAGEMENT_FOLDER: folder,
    OPENAI_API_KEY: key,
    OPENAI_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1/`,
    STUDIO_ASSISTANT_RATE: '4',
    STUDIO_ASSISTANT_CONTEXT: '1000',
  });
  cookie = await signIn(owner.username, owner.password);
});
afterAll(async () => {
  await studio?.stop();
  await new Promise((resolve) => model.close(resolve));
  await database?.drop();
  rmSync(folder, { recursive: true });
});

async function ask(method: string, path: string, body?: unknown, as = cookie) {
  const response = await fetch(`${studio.url}/api/studio${path}`, {
    method,
    headers: { 'x-studio-request': '1', cookie: as, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

async function signIn(name: string, password: string): Promise<string> {
  const response = await fetch(`${studio.url}/api/studio/session`, {
    method: 'POST',
    headers: { 'x-studio-request': '1', 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  expect(response.status).toBe(204);
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

test('snippets are kept, renamed and removed; those who only look may only look', async () => {
  expect((await ask('PUT', '/snippet?path=reports%2Fcount', { sql: 'select 1' })).status).toBe(204);
  expect((await ask('GET', '/snippets')).body).toMatchObject([{ path: 'reports/count', bytes: 8 }]);
  expect((await ask('PATCH', '/snippet?path=reports%2Fcount', { to: 'counted' })).status).toBe(204);
  expect((await ask('GET', '/snippet?path=counted')).body).toEqual({ sql: 'select 1' });
  expect((await ask('GET', '/snippet?path=..%2Fcounted')).body).toMatchObject({ code: 'invalid_request' });
  expect((await ask('GET', '/snippet?path=a&path=b')).body).toMatchObject({ code: 'invalid_request' });

  await ask('POST', '/operators', { name: 'looker', role: 'read-only', password: 'a password of twelve' });
  const looker = await signIn('looker', 'a password of twelve');
  expect((await ask('GET', '/snippet?path=counted', undefined, looker)).status).toBe(200);
  for (const [method, body] of [
    ['PUT', { sql: '' }],
    ['PATCH', { to: 'x' }],
    ['DELETE', undefined],
  ] as const)
    expect((await ask(method, '/snippet?path=counted', body, looker)).body).toMatchObject({ code: 'role_too_low' });
  expect((await ask('POST', '/assistant', { task: 'write' }, looker)).body).toMatchObject({ code: 'role_too_low' });

  expect((await ask('DELETE', '/snippet?path=counted')).status).toBe(204);
  expect((await ask('DELETE', '/snippet?path=counted')).status).toBe(404);
  expect((await ask('GET', '/snippets')).body).toEqual([]);
});

test('of a password for a role only its verifier is told, and only where it is one', async () => {
  const made = await ask('POST', '/password-verifier', { password: 'secret of app' });
  expect(made).toMatchObject({
    status: 200,
    body: { verifier: expect.stringMatching(/^SCRAM-SHA-256\$4096:[\w+/]+=*\$[\w+/]+=*:[\w+/]+=*$/) },
  });
  for (const password of ['short', 'pässwörter', 7, undefined])
    expect(await ask('POST', '/password-verifier', { password })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  expect(await ask('POST', '/password-verifier', { password: 'secret of app' }, '')).toMatchObject({ status: 401 });
});

describe('the assistant', () => {
  const say = (content: string) => ({ status: 200, body: JSON.stringify({ choices: [{ message: { content } }] }) });

  test('is asked with the schema as context, and what it proposes is only handed back', async () => {
    expect((await ask('GET', '/assistant')).body).toEqual({ model: 'gpt-4.1-mini' });
    answer = say('Every row.\n```sql\ndelete from todos\n```');
    const told = await ask('POST', '/assistant', {
      task: 'write',
      prompt: 'empty it',
      schema: 'todos(id bigint)'.padEnd(2_000, 'x'),
    });
    expect(told).toMatchObject({ status: 200, body: { text: 'Every row.', sql: 'delete from todos' } });
    const sent = asked.at(-1) as { url: string; body: { messages: { content: string }[] } };
    expect(sent).toMatchObject({
      url: '/v1/chat/completions',
      authorization: `Bearer ${key}`,
      body: { model: 'gpt-4.1-mini' },
    });
    expect(sent.body.messages.at(-1)?.content).toContain('todos(id bigint)');
    expect(sent.body.messages.at(-1)?.content.length).toBeLessThan(1_100);
    expect(studio.asked).toEqual([]);
    expect((await ask('GET', '/audit')).body[0]).toMatchObject({ action: 'assistant', target: 'write' });
  });

  test('its failures are told without its words or the key, and questions are bounded', async () => {
    studio.wait(61_000);
    answer = { status: 401, body: `{"error":{"message":"Incorrect API key provided: ${key}"}}` };
    const refused = await ask('POST', '/assistant', { task: 'explain', sql: 'select 1' });
    expect(refused).toMatchObject({ status: 502, body: { code: 'assistant_failed' } });
    expect(JSON.stringify(refused.body)).not.toContain(key);
    answer = { status: 200, body: 'no JSON' };
    expect((await ask('POST', '/assistant', { task: 'explain' })).status).toBe(502);
    expect((await ask('POST', '/assistant', { task: 'obey' })).status).toBe(400);
    expect((await ask('POST', '/assistant', { task: 'write', sql: 'x'.repeat(1_001) })).status).toBe(400);
    const bounded = await ask('POST', '/assistant', { task: 'explain' });
    expect(bounded).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(Number(bounded.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
