import { afterEach, expect, it } from 'vitest';
import { createLogBus } from '#kernel/log';
import { connectClient } from '#kernel/sql';
import { createTestStacks } from './testing/stack-under-test.ts';

const { run, closers, closeAll } = createTestStacks();
afterEach(closeAll);

interface Line {
  readonly room?: string;
  readonly reqId?: string;
}

// Each room is made to fail by taking something away that it needs.
const faults = `
  alter table auth.users rename to users_away;
  alter table storage.buckets rename to buckets_away;
  alter table _pmoves.studio_sessions rename to sessions_away;
  create function public.fail() returns int language plpgsql as $$ begin raise sqlstate 'PT500'; end $$;
  create policy failing on realtime.messages for insert to anon with check (1 / (select 0) = 0);
  notify pgrst, 'reload schema'`;

it('every line about a request that fails, in whichever room, has the id of its answer', async () => {
  const lines: Line[] = [];
  const told: { readonly room: string; readonly id: unknown }[] = [];
  const logs = createLogBus((text) => text);
  logs.listen((news) => {
    if (news.kind === 'request') told.push({ room: news.room, id: news.id });
    if (news.kind === 'entry') told.push({ room: news.room, id: news.fields.request_id });
  });
  const { url, stack, settings, anonKey, serviceKey } = await run(
    {
      SERVICES: 'db,auth,rest,realtime,storage,functions,meta,studio,analytics,gateway',
      // Nobody listens there.
      PG_META_DB_HOST: '127.0.0.1',
      PG_META_DB_PORT: '1',
    },
    { logs, onLine: (line) => lines.push(JSON.parse(line) as Line) },
  );
  const { socketDir, port, name } = stack.info().database;
  const asAdmin = (database: string) =>
    connectClient({
      host: socketDir ?? '',
      port,
      user: 'supabase_admin',
      database,
      password: settings.stack.postgresPassword ?? '',
    });
  const project = await asAdmin(name);
  closers.push(() => project.pg.end());
  await project.pg.query(faults);
  const logged = await asAdmin('_supabase');
  closers.push(() => logged.pg.end());
  await logged.pg.query('alter table _analytics.sources rename to sources_away');

  const ask = async (path: string, body?: object, more: Record<string, string> = {}) => {
    const key = path.startsWith('/storage') || path.startsWith('/pg') ? serviceKey : anonKey;
    const answer = await fetch(url + path, {
      method: body ? 'POST' : 'GET',
      headers: { apikey: key, authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more },
      ...(body && { body: JSON.stringify(body) }),
    });
    await answer.arrayBuffer();
    return { status: answer.status, id: answer.headers.get('x-request-id') ?? '' };
  };
  const of = (room: string, id: string) => lines.filter((line) => line.room === room && line.reqId === id);

  await expect
    .poll(async () => (await ask('/rest/v1/rpc/fail', {})).status, { timeout: 20_000, message: 'the schema is read' })
    .toBe(500);
  const credentials = { email: 'a@example.com', password: 'a-long-password' };
  const { dashboardUsername: user, dashboardPassword: password } = settings.gateway;
  const operator = Buffer.from(`${user}:${password}`).toString('base64');
  const message = { topic: 'room', event: 'e', payload: {}, private: true };
  for (const [room, status, path, body, more] of [
    ['auth', 500, '/auth/v1/token?grant_type=password', credentials],
    ['storage', 500, '/storage/v1/bucket'],
    ['rest', 500, '/rest/v1/rpc/fail', {}],
    ['realtime', 202, '/realtime/v1/api/broadcast', { messages: [message] }],
    ['meta', 500, '/pg/tables'],
    [
      'studio',
      500,
      '/api/studio/session',
      undefined,
      { authorization: `Basic ${operator}`, cookie: `studio_session=${'x'.repeat(43)}` },
    ],
    [
      'analytics',
      500,
      '/analytics/v1/api/logs?source_name=new',
      [{ event_message: 'x' }],
      { 'x-api-key': settings.analytics.publicToken ?? '' },
    ],
  ] as const) {
    const answered = await ask(path, body, more);
    expect([room, answered.status]).toEqual([room, status]);
    await expect.poll(() => of(room, answered.id), { message: room }).not.toEqual([]);
    await expect.poll(() => of('gateway', answered.id)).toHaveLength(1);
  }
  // What functions tell are events.
  const { id } = await ask('/functions/v1/nothing');
  await expect.poll(() => told).toContainEqual({ room: 'functions', id });
}, 180_000);
