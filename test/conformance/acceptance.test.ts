import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untilServed } from '../support/client.ts';
import { send } from '../support/raw-http.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Calls that services of a large integrator really make, as raw requests: they use half a dozen client libraries and
// some none. The names in brackets are the rows of its list of calls.
const stack = sharedStack();
const { anonKey, serviceKey, publishable } = stack.env;
const serviceHeaders = {
  apikey: serviceKey,
  authorization: `Bearer ${serviceKey}`,
  'content-type': 'application/json',
};

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what comes back is what is being tested
  readonly body: any;
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${stack.url}${path}`, {
    method,
    headers: { ...serviceHeaders, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return read(answer);
}

async function read(answer: Response): Promise<Answer> {
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') && text !== '';
  return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

const representation = { prefer: 'return=representation' };

beforeAll(async () => {
  await runSql(stack, readFileSync(join(import.meta.dirname, 'fixtures/integrator.sql'), 'utf8'));
  await untilServed(stack, ['archon_crawled_pages', 'chat_messages']);
  await untilServed(stack, ['personas'], 'pmoves_core');
});

afterAll(async () => {
  await runSql(
    stack,
    `drop schema pmoves_core cascade;
     drop function claim_work_item, hybrid_search_archon_crawled_pages;
     drop table integration_work_items, botz_instances, shape_points, constellations, anchors, geometry_cgp_v1,
       studio_board, voice_persona, it_errors, finance_transactions, chat_messages, archon_crawled_pages;
     drop type skill_level;
     delete from auth.users where email = 'operator@pmoves.example'`,
  );
});

describe('agents and their work', () => {
  const now = Date.now();
  const iso = (minutes: number) => new Date(now - minutes * 60_000).toISOString();

  test('agents that fell silent are marked (A1)', async () => {
    const made = await call('POST', '/rest/v1/botz_instances', [
      { name: 'fresh', last_heartbeat: iso(1) },
      { name: 'silent', last_heartbeat: iso(30) },
      { name: 'gone', last_heartbeat: iso(90) },
    ]);
    expect(made).toMatchObject({ status: 201, text: '' });
    const path = `/rest/v1/botz_instances?last_heartbeat=lt.${iso(10)}&is_available=eq.true`;
    const marked = await call('PATCH', path, { is_available: false }, representation);
    expect(marked.status).toBe(200);
    expect(marked.body.map((row: { name: string }) => row.name).sort()).toEqual(['gone', 'silent']);
    expect(await call('PATCH', path, { is_available: false }, representation)).toMatchObject({ status: 200, body: [] });
  });

  test('waiting work is counted (A2) and chosen by skill (A3)', async () => {
    const path = '/rest/v1/integration_work_items?status=eq.ready';
    const empty = await call('GET', path, undefined, { prefer: 'count=exact' });
    expect(empty.status).toBe(200);
    expect(empty.headers.get('content-range')).toBe('*/0');

    const levels = ['novice', 'expert', 'advanced', 'intermediate', 'novice'];
    const items = levels.map((required_skill_level, at) => ({
      title: `item ${at}`,
      priority: at % 3,
      required_skill_level,
    }));
    await call('POST', '/rest/v1/integration_work_items', items);
    const full = await call('GET', path, undefined, { prefer: 'count=exact' });
    expect(full.status).toBe(200);
    expect(full.headers.get('content-range')).toBe('0-4/5');
    const page = await call('GET', `${path}&limit=2`, undefined, { prefer: 'count=exact' });
    expect(page.status).toBe(206);
    expect(page.headers.get('content-range')).toBe('0-1/5');

    const suited = await call(
      'GET',
      `${path}&limit=20&order=priority,created_at&required_skill_level=lte.intermediate&select=title,required_skill_level`,
    );
    expect(suited.body).toEqual([
      { title: 'item 0', required_skill_level: 'novice' },
      { title: 'item 3', required_skill_level: 'intermediate' },
      { title: 'item 4', required_skill_level: 'novice' },
    ]);
    expect(await call('GET', `${path}&required_skill_level=lte.wizard`)).toMatchObject({
      status: 400,
      body: { code: '22P02' },
    });
  });

  test('work is claimed once (A4)', async () => {
    const [{ id: item }] = (await call('GET', '/rest/v1/integration_work_items?title=eq.item%200')).body;
    const [{ id: agent }] = (await call('GET', '/rest/v1/botz_instances?name=eq.fresh')).body;
    const claim = (id: string) =>
      call('POST', '/rest/v1/rpc/claim_work_item', { p_work_item_id: id, p_botz_id: agent, p_session_id: null });
    expect(await claim(item)).toMatchObject({ status: 200, text: 'true' });
    expect(await claim(item)).toMatchObject({ status: 200, text: 'false' });
    const nobody = '00000000-0000-4000-8000-000000000000';
    expect(await claim(nobody)).toMatchObject({
      status: 400,
      body: { code: 'P0001', message: `work item ${nobody} does not exist`, details: null, hint: null },
    });
  });

  test('a row written through a client comes back (A19)', async () => {
    const message = { session_id: '11111111-2222-4333-8444-555555555555', role: 'user', content: 'hello “world” ☃' };
    const made = await call('POST', '/rest/v1/chat_messages', message, representation);
    expect(made).toMatchObject({ status: 201, body: [{ ...message, id: expect.any(Number), metadata: null }] });
    const twice = runSql(stack, 'alter publication supabase_realtime add table chat_messages');
    await expect(twice).rejects.toMatchObject({ code: '42710' });
  });
});

describe('shapes', () => {
  const [first, second] = ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'];

  test('rows are merged by key: 201 when one is new, 200 when none is (A6)', async () => {
    const upsert = (rows: object[]) =>
      call('POST', '/rest/v1/anchors?on_conflict=id', rows, {
        prefer: 'return=representation,resolution=merge-duplicates',
      });
    const made = await upsert([{ id: first, label: 'one' }]);
    expect(made).toMatchObject({ status: 201, body: [{ id: first, label: 'one' }] });
    expect(made.headers.get('preference-applied')).toBe('resolution=merge-duplicates, return=representation');
    expect(await upsert([{ id: first, label: 'uno' }])).toMatchObject({ status: 200, body: [{ label: 'uno' }] });
    const mixed = await upsert([
      { id: first, label: 'eins' },
      { id: second, label: 'zwei' },
    ]);
    expect(mixed).toMatchObject({ status: 201, body: [{ label: 'eins' }, { label: 'zwei' }] });
  });

  test('relations both ways in one request (A5)', async () => {
    const made = await call(
      'POST',
      '/rest/v1/constellations',
      [
        { anchor_id: first, summary: 'near', created_at: '2026-01-01T00:00:00Z' },
        { anchor_id: null, summary: 'far', created_at: '2026-01-02T00:00:00Z' },
      ],
      representation,
    );
    const near = made.body[0].id;
    const points = [1, 2, 3].map((x) => ({ constellation_id: near, modality: 'text', x, y: x / 2 }));
    await call('POST', '/rest/v1/shape_points', points);
    const answer = await call(
      'GET',
      '/rest/v1/constellations?select=*,anchor:anchors(*),points:shape_points(*)&order=created_at.desc&limit=64',
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject([
      { summary: 'far', anchor: null, points: [] },
      { summary: 'near', anchor: { id: first, label: 'eins' }, points: [{ x: 1 }, { x: 2 }, { x: 3, y: 1.5 }] },
    ]);
  });

  test('rows are found by a value inside JSON (A7), and by its absence (A8)', async () => {
    await call(
      'POST',
      '/rest/v1/geometry_cgp_v1',
      ['pmoves', 'other', 'pmoves'].map((namespace, n) => ({ payload: { namespace, n } })),
    );
    const shapes = await call(
      'GET',
      '/rest/v1/geometry_cgp_v1?select=payload,created_at&payload->>namespace=eq.pmoves&order=created_at.desc&limit=25',
    );
    expect(shapes.status).toBe(200);
    expect(shapes.body.map((row: { payload: { n: number } }) => row.payload.n).sort()).toEqual([0, 2]);

    await call('POST', '/rest/v1/studio_board', [
      { title: 'sent', status: 'approved', meta: { publish_event_sent_at: '2026-01-01' } },
      { title: 'due', status: 'approved', meta: {} },
      { title: 'held', status: 'pending', meta: {} },
    ]);
    const due = '/rest/v1/studio_board?status=eq.approved&meta->>publish_event_sent_at=is.null&order=created_at.asc';
    const board = await call('GET', due);
    expect(board.body).toMatchObject([{ title: 'due' }]);
    const sent = { meta: { publish_event_sent_at: new Date().toISOString() } };
    const patched = await call('PATCH', `/rest/v1/studio_board?id=eq.${board.body[0].id}`, sent, {
      prefer: 'return=minimal',
    });
    expect(patched).toMatchObject({ status: 204, text: '' });
    expect(patched.headers.has('content-type')).toBe(false);
    expect((await call('GET', due)).body).toEqual([]);
  });
});

describe('people, schemas and keys', () => {
  test('another schema is chosen by header, when it is exposed (A9)', async () => {
    const profile = { 'accept-profile': 'pmoves_core' };
    await call(
      'POST',
      '/rest/v1/personas',
      { name: 'Archivist', traits: ['calm'] },
      { 'content-profile': 'pmoves_core' },
    );
    const answer = await call('GET', '/rest/v1/personas?limit=1', undefined, profile);
    expect(answer).toMatchObject({ status: 200, body: [{ name: 'Archivist', traits: ['calm'] }] });
    expect(answer.headers.get('content-profile')).toBe('pmoves_core');
    expect(await call('GET', '/rest/v1/personas?limit=1', undefined, { 'accept-profile': 'vault' })).toMatchObject({
      status: 406,
      body: {
        code: 'PGRST106',
        message: 'Invalid schema: vault',
        hint: 'Only the following schemas are exposed: public, storage, graphql_public, pmoves_core',
      },
    });
    expect(await call('GET', '/rest/v1/pmoves_core.personas')).toMatchObject({
      status: 404,
      body: { code: 'PGRST205' },
    });
  });

  test('either of two keys (A10)', async () => {
    const [voice] = (await call('POST', '/rest/v1/voice_persona', { slug: 'narrator' }, representation)).body;
    const find = (value: string) => call('GET', `/rest/v1/voice_persona?or=(id.eq.${value},slug.eq.${value})&limit=1`);
    expect((await find(voice.id)).body).toEqual([voice]);
    const missing = await find('narrator');
    expect(missing).toMatchObject({ status: 400, body: { code: '22P02' } });
  });

  test('no key (A11), and an opaque key alone (A12)', async () => {
    const none = await read(await fetch(`${stack.url}/rest/v1/`));
    expect(none).toMatchObject({ status: 401, body: { message: 'No API key found in request' } });
    const opaque = await fetch(`${stack.url}/rest/v1/it_errors?select=id&limit=1`, {
      headers: { apikey: publishable },
    });
    expect(await read(opaque)).toMatchObject({ status: 200, body: [] });
  });

  test('an operator is made by the service, and signs in with only a key (A13)', async () => {
    const account = { email: 'operator@pmoves.example', password: 'operator pass 1' };
    const made = await call('POST', '/auth/v1/admin/users', {
      ...account,
      email_confirm: true,
      app_metadata: { role: 'pmoves.operator' },
    });
    expect(made).toMatchObject({
      status: 200,
      body: { email: account.email, app_metadata: { role: 'pmoves.operator', provider: 'email' } },
    });
    const session = await fetch(`${stack.url}/auth/v1/token?grant_type=password`, {
      method: 'POST',
      headers: { apikey: anonKey },
      body: JSON.stringify(account),
    });
    expect(await read(session)).toMatchObject({
      status: 200,
      body: {
        access_token: expect.stringMatching(/^eyJ/),
        refresh_token: expect.stringMatching(/^[a-z0-9]{12,}$/),
        token_type: 'bearer',
        user: { app_metadata: { role: 'pmoves.operator' } },
      },
    });
  });
});

describe('search by meaning and by word (A16)', () => {
  const dimensions = 1536;
  /** A unit vector that points mostly along one axis. */
  const embedding = (axis: number) => Array.from({ length: dimensions }, (_, at) => (at === axis ? 0.9 : 0.001));

  test('a JSON array becomes a vector', async () => {
    const pages = [
      { url: 'https://a.example', content: 'Kafka topics and partitions', embedding: embedding(0), source_id: 'a' },
      { url: 'https://b.example', content: 'Postgres replication slots', embedding: embedding(1), source_id: 'b' },
      { url: 'https://c.example', content: 'Gardening in spring', embedding: embedding(2), metadata: { lang: 'en' } },
    ];
    const inserted = await Promise.all(pages.map((page) => call('POST', '/rest/v1/archon_crawled_pages', page)));
    expect(inserted.map(({ status, text }) => `${status} ${text}`)).toEqual(['201 ', '201 ', '201 ']);

    const search = (body: object) => call('POST', '/rest/v1/rpc/hybrid_search_archon_crawled_pages', body);
    const answer = await search({
      query_embedding: embedding(1),
      query_text: 'replication',
      match_count: 2,
      filter: {},
      source_filter: null,
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toHaveLength(2);
    expect(answer.body[0]).toMatchObject({ url: 'https://b.example', match_type: 'hybrid' });
    expect(answer.body[0].similarity).toBeCloseTo(1, 5);
    expect(answer.body[1].similarity).toBeLessThan(0.1);
    const filtered = await search({ query_embedding: embedding(0), query_text: '', filter: { lang: 'en' } });
    expect(filtered.body).toMatchObject([{ url: 'https://c.example', match_type: 'vector' }]);
    const wrong = await search({ query_embedding: [1, 2, 3], query_text: '' });
    expect(wrong).toMatchObject({ status: 400, body: { message: 'different vector dimensions 1536 and 3' } });
  });

  test('an index that cannot be built is an error SQL can catch', async () => {
    const build = (text: string) =>
      runSql(stack, `do $$ begin ${text}; exception when others then raise notice 'no'; end $$`);
    await build('create index on archon_crawled_pages using ivfflat (embedding vector_l2_ops) with (lists = 10)');
    await runSql(stack, 'create index on archon_crawled_pages using hnsw (embedding vector_ip_ops)');
    const rows = await runSql<{ url: string }>(
      stack,
      `select url from archon_crawled_pages order by embedding <-> $1::vector limit 1`,
      [JSON.stringify(embedding(0))],
    );
    expect(rows).toEqual([{ url: 'https://a.example' }]);
  });
});

describe('services on their own ports', () => {
  const rest = `http://127.0.0.1:${stack.directRestPort}`;

  test('rest without gateway, with and without its prefix (A17)', async () => {
    await call(
      'POST',
      '/rest/v1/finance_transactions',
      [3, 1, 2].map((day) => ({ occurred_at: `2026-01-0${day}T00:00:00Z`, amount: day * 10.5 })),
    );
    for (const prefix of ['', '/rest/v1'])
      for (const host of ['postgrest:3000', 'rest:3000', 'localhost']) {
        const path = `${prefix}/finance_transactions?order=occurred_at.asc&limit=1000`;
        const answer = await send(rest, { path, headers: { host } });
        expect(answer.status, `${host} ${path}: ${answer.body}`).toBe(200);
        expect(JSON.parse(answer.body).map((row: { amount: number }) => row.amount)).toEqual([10.5, 21, 31.5]);
      }
  });

  test('a token is judged there as behind the gateway', async () => {
    const path = '/rpc/claim_work_item';
    const garbage = await send(rest, { method: 'POST', path, headers: { authorization: 'Bearer x' }, body: '{}' });
    expect(garbage.status).toBe(401);
    expect(JSON.parse(garbage.body)).toMatchObject({ code: 'PGRST301' });
  });

  test("the dashboard's probe shares that port by host name; auth has its own", async () => {
    const profile = await send(rest, { path: '/api/platform/profile', headers: { host: 'studio:3000' } });
    expect(profile.status).toBe(200);
    expect(JSON.parse(profile.body)).toBeTypeOf('object');
    const health = await send(`http://127.0.0.1:${stack.directAuthPort}`, { path: '/health' });
    expect(health.status).toBe(200);
    expect(JSON.parse(health.body)).toMatchObject({ name: 'GoTrue' });
    expect(await send(`http://127.0.0.1:${stack.directAuthPort}`, { method: 'HEAD', path: '/health' })).toMatchObject({
      status: 200,
      body: '',
    });
  });
});
