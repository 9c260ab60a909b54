import { createHmac } from 'node:crypto';
import { createClient, type RealtimeChannel, type SupabaseClient } from '@supabase/supabase-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

const stack = sharedStack();
const [owner, stranger] = ['00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000b2'] as const;
const grants = { all: 'id, owner, body', part: 'id, owner', keyless: 'owner, body' } as const;
const tables = Object.keys(grants).flatMap((grant) =>
  ['secured', 'plain'].map((kind) => ({ grant: grant as keyof typeof grants, kind, name: `rtc_${grant}_${kind}` })),
);

/** The client's sockets of this process, so that a test can cut one as a network would. */
const sockets = new Map<string, WebSocket[]>();
const opened: SupabaseClient[] = [];

beforeAll(async () => {
  await runSql(
    stack,
    `${tables
      .map(
        ({ grant, kind, name }) => `
      create table public.${name} (id int primary key, owner uuid, body text);
      alter table public.${name} replica identity full;
      revoke all on public.${name} from anon, authenticated, service_role;
      grant select (${grants[grant]}) on public.${name} to anon, authenticated, service_role;
      ${kind === 'secured' ? `alter table public.${name} enable row level security; create policy own on public.${name} for select to authenticated using ((select auth.uid()) = owner);` : ''}
      alter publication supabase_realtime add table public.${name};`,
      )
      .join('')}
    create table public.rtc_items (id int primary key, owner uuid);
    alter table public.rtc_items enable row level security;
    create policy own on public.rtc_items for select to authenticated using ((select auth.uid()) = owner);
    alter publication supabase_realtime add table public.rtc_items;`,
  );
});
afterEach(async () => {
  for (const client of opened.splice(0)) {
    await client.removeAllChannels();
    await client.realtime.disconnect();
  }
});
afterAll(() =>
  runSql(stack, `drop table ${[...tables.map(({ name }) => `public.${name}`), 'public.rtc_items'].join(', ')}`),
);

/** A token of the project, as its auth would sign it. @param life seconds */
function tokenOf(role: string, sub?: string, life = 3_600): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + life;
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ role, exp, ...(sub !== undefined && { sub }) })}`;
  return `${head}.${createHmac('sha256', stack.env.jwtSecret).update(head).digest('base64url')}`;
}

async function clientOf(token: string, name = token): Promise<SupabaseClient> {
  const own: WebSocket[] = [];
  sockets.set(name, own);
  class Recorded extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols);
      own.push(this);
    }
  }
  const client = createClient(stack.url, stack.env.anonKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    realtime: { transport: Recorded as never },
  });
  opened.push(client);
  await client.realtime.setAuth(token);
  return client;
}

interface Told {
  readonly extension: string;
  readonly status: string;
  readonly message: string;
}

/** Subscribes, and waits until changes flow. */
async function flowing(channel: RealtimeChannel): Promise<Told[]> {
  const told: Told[] = [];
  channel.on('system', {}, (message: Told) => void told.push(message));
  channel.subscribe();
  await until('changes flowing', async () => told.some(({ message }) => message === 'Subscribed to PostgreSQL'));
  return told;
}

interface Change {
  readonly eventType: string;
  readonly new: Record<string, unknown>;
  readonly old: Record<string, unknown>;
  readonly errors: readonly string[] | null;
}

describe('who is told what: roles, owner of the row, grants of columns, row security, kinds of change', () => {
  type Row = Record<string, unknown>;
  const asked = { anon: undefined, owner, stranger, service: undefined } as const;
  type Who = keyof typeof asked;
  const got = new Map<string, Change[]>();

  beforeAll(async () => {
    for (const who of Object.keys(asked) as Who[]) {
      const role = who === 'anon' ? 'anon' : who === 'service' ? 'service_role' : 'authenticated';
      const client = await clientOf(tokenOf(role, asked[who]));
      const channel = client.channel(`matrix of ${who}`);
      for (const { name } of tables) {
        const changes: Change[] = [];
        got.set(`${who} ${name}`, changes);
        channel.on('postgres_changes', { event: '*', schema: 'public', table: name }, (change) =>
          changes.push(change as unknown as Change),
        );
      }
      await flowing(channel);
    }
    for (const { name } of tables)
      await runSql(
        stack,
        `insert into public.${name} values (1, '${owner}', 'a'); update public.${name} set body = 'b'; delete from public.${name};`,
      );
    await until('everybody being told of the deletions', async () =>
      [...got.values()].every((changes) => changes.at(-1)?.eventType === 'DELETE'),
    );
  });

  const cut = (row: Row, grant: keyof typeof grants): Row =>
    Object.fromEntries(Object.entries(row).filter(([column]) => grants[grant].split(', ').includes(column)));

  test.each(tables)('$name', async ({ grant, kind, name }) => {
    const first: Row = { id: 1, owner, body: 'a' };
    const second: Row = { ...first, body: 'b' };
    const isSecured = kind === 'secured';
    for (const who of Object.keys(asked) as Who[]) {
      const sees = !isSecured || who === 'owner' || who === 'service';
      const refused = { new: {}, old: {}, errors: ['Error 401: Unauthorized'] };
      const written =
        grant === 'keyless'
          ? [
              { eventType: 'INSERT', ...refused },
              { eventType: 'UPDATE', ...refused },
            ]
          : sees
            ? [
                { eventType: 'INSERT', new: cut(first, grant), old: {}, errors: null },
                { eventType: 'UPDATE', new: cut(second, grant), old: cut(first, grant), errors: null },
              ]
            : [];
      // Whom a deleted row was for cannot be asked any more: with row security, all are told its key and nothing else.
      const deleted = cut(isSecured ? { id: 1 } : second, grant);
      const expected = [...written, { eventType: 'DELETE', new: {}, old: deleted, errors: null }];
      const seen = got.get(`${who} ${name}`)?.map(({ eventType, new: row, old, errors }) => ({
        eventType,
        new: row,
        old,
        errors,
      }));
      expect({ who, seen }).toEqual({ who, seen: expected });
    }
  });
});

describe('tokens', () => {
  /** With a token that ends soon: in how many seconds depends on how long this machine takes to join. */
  async function joinedWithShortLife() {
    for (let life = 3; ; life *= 2) {
      const client = await clientOf(tokenOf('authenticated', owner, life));
      const statuses: string[] = [];
      const told: Told[] = [];
      client
        .channel('short')
        .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'rtc_items' }, () => {})
        .on('system', {}, (message: Told) => void told.push(message))
        .subscribe((status) => statuses.push(status));
      await until('a verdict', async () => statuses.length > 0);
      if (statuses[0] === 'SUBSCRIBED') return { client, statuses, told };
      await client.removeAllChannels();
    }
  }

  test('that expire close their channels, with the reason; those renewed in time decide anew who sees what', async () => {
    const { client, statuses, told } = await joinedWithShortLife();
    const seen: unknown[] = [];
    const renewing = await clientOf(tokenOf('authenticated', owner, 60));
    const renewed = renewing
      .channel('renewed')
      .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'rtc_items' }, ({ new: row }) =>
        seen.push(row.id),
      );
    const toldOfRenewed = await flowing(renewed);
    await runSql(stack, `insert into public.rtc_items values (1, '${owner}'), (2, '${stranger}')`);
    await until('the first row', async () => seen.length === 1);
    await renewing.realtime.setAuth(tokenOf('authenticated', stranger));
    await until(
      'changes flowing again',
      async () => toldOfRenewed.filter(({ status }) => status === 'ok').length === 2,
    );
    await runSql(stack, `insert into public.rtc_items values (3, '${owner}'), (4, '${stranger}')`);
    await until('the row of the other', async () => seen.length === 2);
    expect(seen).toEqual([1, 4]);

    await until('the end of the short one', async () => statuses.includes('CLOSED'));
    expect(told.at(-1)).toMatchObject({ extension: 'system', status: 'error', channel: 'short' });
    expect(told.at(-1)?.message).toMatch(/^Token has expired \d+ seconds ago$/);
    // Whoever comes with it now is not let in, and told so.
    const refused = new Promise((resolve) => {
      client
        .channel('late')
        .on('postgres_changes', { event: '*', schema: 'public', table: 'rtc_items' }, () => {})
        .subscribe((status, error) => {
          if (status === 'CHANNEL_ERROR') resolve(error?.message);
        });
    });
    expect(await refused).toMatch(/^InvalidJWTToken: Token has expired \d+ seconds ago$/);
  });

  test('that are none end the channel they are given to', async () => {
    const client = await clientOf(tokenOf('authenticated', owner));
    const statuses: string[] = [];
    const channel = client
      .channel('spoiled')
      .on('postgres_changes', { event: '*', schema: 'public', table: 'rtc_items' }, () => {})
      .subscribe((status) => statuses.push(status));
    const told = await flowing(channel);
    sockets
      .get([...sockets.keys()].at(-1) as string)
      ?.at(-1)
      ?.send(JSON.stringify([null, '99', 'realtime:spoiled', 'access_token', { access_token: 'no token' }]));
    await until('the end', async () => statuses.includes('CLOSED'));
    expect(told.at(-1)?.message).toBe('The token provided is not a valid JWT');
  });
});

test('after its socket was cut, a channel of supabase-js is given what it missed: changes, and what the database sent', async () => {
  await runSql(stack, 'delete from public.rtc_items');
  const token = tokenOf('authenticated', owner);
  const client = await clientOf(token, 'resuming');
  const resume: { after?: string } = {};
  const got: string[] = [];
  const gaps: unknown[] = [];
  const channel = client.channel('resuming', { config: { broadcast: { resume } as object } });
  // The types of the client list no events of others.
  (channel as unknown as { on(type: string, filter: object, callback: (told: never) => void): void }).on(
    'resume',
    {},
    (told: { status: string; position: string }) => {
      resume.after = told.position;
      if (told.status === 'gap') gaps.push(told);
    },
  );
  channel
    .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'rtc_items' }, ({ new: row }) =>
      got.push(`row ${row.id}`),
    )
    .on('broadcast', { event: 'told' }, ({ payload }) => got.push(`message ${payload.n}`));
  await flowing(channel);
  await until('a position', async () => resume.after !== undefined);
  await runSql(stack, `insert into public.rtc_items values (1, '${owner}')`);
  await until('the first row', async () => got.length === 1);

  const own = sockets.get('resuming') as WebSocket[];
  own.at(-1)?.terminate();
  await until('the socket being gone', async () => own.at(-1)?.readyState === WebSocket.CLOSED);
  await runSql(stack, `insert into public.rtc_items values (2, '${owner}')`);
  await runSql(stack, `select realtime.send('{"n":3}', 'told', 'resuming', false)`);
  await runSql(stack, `insert into public.rtc_items values (4, '${owner}'), (5, '${stranger}')`);
  await until('what was missed', async () => got.includes('row 4'), 30_000);
  expect(own.length).toBeGreaterThan(1);
  expect(gaps).toEqual([]);
  expect([...new Set(got)]).toEqual(['row 1', 'row 2', 'message 3', 'row 4']);
  await runSql(stack, `insert into public.rtc_items values (6, '${owner}')`);
  await until('what comes now', async () => got.at(-1) === 'row 6');
});

test('a storm of clients that all come back at once: each is given exactly what it missed', async () => {
  await runSql(stack, 'delete from public.rtc_items');
  const count = Number(process.env.STORM_SOCKETS ?? 60);
  const url = `${stack.url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${stack.env.anonKey}&vsn=2.0.0`;
  const token = tokenOf('authenticated', owner);
  const entry = { event: 'INSERT', schema: 'public', table: 'rtc_items' };

  /** Joins, and is ready at its first position; keeps the ids it is given. */
  function follow(after?: string): Promise<{ socket: WebSocket; ids: number[]; position: () => string }> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      const ids: number[] = [];
      let position = '';
      socket.once('error', reject);
      socket.once('open', () =>
        socket.send(
          JSON.stringify([
            '1',
            '1',
            'realtime:changes storm',
            'phx_join',
            { config: { postgres_changes: [entry], resume: { after } }, access_token: token },
          ]),
        ),
      );
      socket.on('message', (data: Buffer) => {
        const [, , , event, payload] = JSON.parse(data.toString());
        if (event === 'phx_reply' && payload.status !== 'ok') reject(new Error(data.toString()));
        if (event === 'postgres_changes') ids.push(payload.data.record.id);
        if (event === 'resume' && payload.status === 'gap') reject(new Error(data.toString()));
        position = payload.position ?? position;
        if (event === 'resume') resolve({ socket, ids, position: () => position });
      });
    });
  }

  const first = await Promise.all(Array.from({ length: count }, () => follow()));
  await runSql(stack, `insert into public.rtc_items values (1, '${owner}'), (2, '${stranger}')`);
  await until('the first row', async () => first.every(({ ids }) => ids.length === 1));
  for (const { socket } of first) socket.terminate();
  await runSql(stack, `insert into public.rtc_items values (3, '${stranger}'), (4, '${owner}')`);
  await runSql(stack, `insert into public.rtc_items values (5, '${owner}')`);
  const again = await Promise.all(first.map(({ position }) => follow(position())));
  await runSql(stack, `insert into public.rtc_items values (6, '${owner}')`);
  await until('the last row', async () => again.every(({ ids }) => ids.at(-1) === 6));
  for (const { ids } of again) expect(ids).toEqual([4, 5, 6]);
  for (const { socket } of again) socket.terminate();
});

test('a first read and the changes from its position on are the table', async () => {
  await runSql(
    stack,
    `delete from public.rtc_items; insert into public.rtc_items select n, '${owner}' from generate_series(1, 5) n`,
  );
  const token = tokenOf('authenticated', owner);
  const read = async (after?: string) => {
    const answer = await fetch(`${stack.url}/realtime/v1/api/snapshot`, {
      method: 'POST',
      headers: { apikey: stack.env.anonKey, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ schema: 'public', table: 'rtc_items', limit: 2, after }),
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as { position: string; rows: { id: number }[]; next: string | null };
  };
  await until('changes flowing', async () => {
    const answer = await fetch(`${stack.url}/realtime/v1/api/snapshot`, {
      method: 'POST',
      headers: { apikey: stack.env.serviceKey, 'content-type': 'application/json' },
      body: JSON.stringify({ table: 'rtc_items' }),
    });
    return answer.status === 200;
  });
  const page = await read();
  const ids = new Set(page.rows.map(({ id }) => id));
  // Between two pages one row goes and one comes; between the last page and the channel, too.
  await runSql(stack, `delete from public.rtc_items where id = 1; insert into public.rtc_items values (6, '${owner}')`);
  for (let { next } = page; next !== null; ) {
    const more = await read(next);
    expect(more.position).toBe(page.position);
    for (const { id } of more.rows) ids.add(id);
    next = more.next;
  }
  await runSql(stack, `delete from public.rtc_items where id = 2; insert into public.rtc_items values (7, '${owner}')`);
  const client = await clientOf(token);
  const channel = client
    .channel('after the read', { config: { broadcast: { resume: { after: page.position } } as object } })
    .on('postgres_changes', { event: '*', schema: 'public', table: 'rtc_items' }, (change) => {
      if (change.eventType === 'DELETE') ids.delete(change.old.id as number);
      else ids.add((change.new as { id: number }).id);
    });
  await flowing(channel);
  await until('all changes', async () => ids.has(7));
  expect([...ids].sort()).toEqual([3, 4, 5, 6, 7]);
});
