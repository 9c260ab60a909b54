import { setTimeout as sleep } from 'node:timers/promises';
import { LongPoll } from '@supabase/phoenix';
import { createClient, type RealtimeChannel, type SupabaseClient } from '@supabase/supabase-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { signedUpClient, untilServed } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

const stack = sharedStack();
const opened: SupabaseClient[] = [];

beforeAll(async () => {
  await runSql(
    stack,
    `create policy "rooms of members" on realtime.messages for select to authenticated
       using (realtime.topic() = 'conformance:' || auth.uid());
     create policy "members write" on realtime.messages for insert to authenticated
       with check (realtime.topic() = 'conformance:' || auth.uid());`,
  );
});
afterEach(async () => {
  for (const client of opened.splice(0)) {
    await client.removeAllChannels();
    await client.realtime.disconnect();
  }
});
afterAll(() =>
  runSql(
    stack,
    `drop policy "rooms of members" on realtime.messages; drop policy "members write" on realtime.messages`,
  ),
);

function realtimeClient(key = stack.env.anonKey, vsn?: string): SupabaseClient {
  const client = createClient(stack.url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    realtime: { transport: WebSocket as never, ...(vsn && { vsn }) },
  });
  opened.push(client);
  return client;
}

/** Subscribes, and waits for a verdict. */
function subscribed(channel: RealtimeChannel): Promise<string> {
  return new Promise((resolve) => {
    channel.subscribe((status, error) => resolve(error ? `${status}: ${error.message}` : status));
  });
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
    await sleep(20);
  }
}

const keys = [
  ['the legacy key', stack.env.anonKey],
  ['an opaque key', stack.env.publishable],
] as const;

describe.each(['1.0.0', '2.0.0'])('supabase-js, protocol %s', (vsn) => {
  test.each(keys)('broadcasts with %s', async (_name, key) => {
    const [one, two] = [realtimeClient(key, vsn), realtimeClient(key, vsn)];
    const got: unknown[] = [];
    const name = `chat ${vsn} ${key.length}`;
    const receiver = two.channel(name).on('broadcast', { event: 'shout' }, ({ payload }) => got.push(payload));
    const sender = one.channel(name, { config: { broadcast: { ack: true, self: false } } });
    expect(await subscribed(receiver)).toBe('SUBSCRIBED');
    expect(await subscribed(sender)).toBe('SUBSCRIBED');
    expect(await sender.send({ type: 'broadcast', event: 'shout', payload: { text: 'ä', n: 1 } })).toBe('ok');
    await until('the message', () => got.length === 1);
    expect(got).toEqual([{ text: 'ä', n: 1 }]);
    // Without a socket the client sends over HTTP.
    const elsewhere = realtimeClient(key, vsn).channel(name);
    expect(await elsewhere.httpSend('shout', { by: 'http' })).toMatchObject({ success: true });
    await until('the message by HTTP', () => got.length === 2);
    expect(got[1]).toEqual({ by: 'http' });
  });

  test('presence', async () => {
    const clients = ['ann', 'ben'].map((key) => ({ key, client: realtimeClient(stack.env.anonKey, vsn) }));
    const channels = clients.map(({ key, client }) =>
      client.channel(`presence ${vsn}`, { config: { presence: { key } } }).on('presence', { event: 'sync' }, () => {}),
    );
    for (const [index, channel] of channels.entries()) {
      expect(await subscribed(channel)).toBe('SUBSCRIBED');
      expect(await channel.track({ index })).toBe('ok');
    }
    const [ann, ben] = channels as [RealtimeChannel, RealtimeChannel];
    await until('both', () => channels.every((channel) => Object.keys(channel.presenceState()).length === 2));
    expect(ann.presenceState()).toMatchObject({ ann: [{ index: 0 }], ben: [{ index: 1 }] });
    expect(await ben.untrack()).toBe('ok');
    await until('one left', () => Object.keys(ann.presenceState()).length === 1);
  });

  test('private channels', async () => {
    const user = await signedUpClient(stack, `realtime-${vsn}@example.org`);
    const client = realtimeClient(stack.env.anonKey, vsn);
    await client.realtime.setAuth(user.token);
    const channel = client.channel(`conformance:${user.id}`, {
      config: { private: true, broadcast: { ack: true, self: true } },
    });
    const got: unknown[] = [];
    channel.on('broadcast', { event: '*' }, ({ payload }) => got.push(payload));
    expect(await subscribed(channel)).toBe('SUBSCRIBED');
    expect(await channel.send({ type: 'broadcast', event: 'e', payload: { n: 1 } })).toBe('ok');
    await until('the message', () => got.length === 1);
    const other = client.channel('conformance:of somebody else', { config: { private: true } });
    expect(await subscribed(other)).toBe(
      'CHANNEL_ERROR: Unauthorized: You do not have permissions to read from this Channel topic: conformance:of somebody else',
    );
  });
});

test.each(['1.0.0', '2.0.0'])('over long polling, where no WebSocket gets through, protocol %s', async (vsn) => {
  const polling = createClient(stack.url, stack.env.anonKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    realtime: { transport: LongPoll as never, vsn },
  });
  opened.push(polling);
  const socket = realtimeClient(stack.env.anonKey, vsn);
  const got: unknown[][] = [[], []];
  const channels = [polling, socket].map((client, index) =>
    client
      .channel(`polling ${vsn}`, { config: { broadcast: { ack: true }, presence: { key: `client ${index}` } } })
      .on('broadcast', { event: 'shout' }, ({ payload }) => got[index]?.push(payload))
      .on('presence', { event: 'sync' }, () => {}),
  );
  for (const channel of channels) expect(await subscribed(channel)).toBe('SUBSCRIBED');
  for (const [index, channel] of channels.entries()) {
    expect(await channel.send({ type: 'broadcast', event: 'shout', payload: { from: index } })).toBe('ok');
    expect(await channel.track({ index })).toBe('ok');
  }
  await until('both messages', () => got.every(({ length }) => length === 1));
  expect(got).toEqual([[{ from: 1 }], [{ from: 0 }]]);
  await until('both present', () =>
    channels.every((channel) => Object.keys(channel.presenceState()).sort().join() === 'client 0,client 1'),
  );
  const private_ = polling.channel('polling privately', { config: { private: true } });
  expect(await subscribed(private_)).toContain('You do not have permissions to read from this Channel topic');
});

test('bytes arrive as bytes', async () => {
  const [one, two] = [realtimeClient(), realtimeClient()];
  const got: unknown[] = [];
  const receiver = two.channel('bytes').on('broadcast', { event: 'b' }, ({ payload }) => got.push(payload));
  await subscribed(receiver);
  const sender = one.channel('bytes');
  await subscribed(sender);
  await sender.send({ type: 'broadcast', event: 'b', payload: new Uint8Array([0, 255]).buffer });
  await until('the message', () => got.length === 1);
  expect(new Uint8Array(got[0] as ArrayBuffer)).toEqual(new Uint8Array([0, 255]));
});

test('a storm of clients that all come back at once', async () => {
  const count = Number(process.env.STORM_SOCKETS ?? 150);
  const url = `${stack.url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${stack.env.anonKey}&vsn=2.0.0`;
  const connect = () =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.once('error', reject);
      socket.once('open', () => socket.send('["1","1","realtime:storm","phx_join",{"config":{}}]'));
      socket.once('message', (data: Buffer) => {
        if (data.toString().includes('"status":"ok"')) resolve(socket);
        else reject(new Error(data.toString()));
      });
    });
  for (let round = 0; round < 2; round++) {
    const sockets = await Promise.all(Array.from({ length: count }, connect));
    const got = Promise.all(
      sockets.slice(1).map((socket) => new Promise((resolve) => socket.once('message', resolve))),
    );
    sockets[0]?.send('["1","2","realtime:storm","broadcast",{"type":"broadcast","event":"e","payload":{}}]');
    expect(await got).toHaveLength(count - 1);
    for (const socket of sockets) socket.terminate();
  }
});

// An integrator's listener in Python: JSON objects, no join_ref, a bearer token besides the key.
test('a raw client without join_ref joins, hears and is heard', async () => {
  const socket = new WebSocket(
    `${stack.url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${stack.env.serviceKey}&vsn=1.0.0`,
    { headers: { authorization: `Bearer ${stack.env.serviceKey}` } },
  );
  const messages: { event: string; ref: string | null; payload: Record<string, unknown> }[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as never));
  await new Promise((resolve) => socket.once('open', resolve));
  const topic = 'realtime:geometry.cgp.v1';
  const config = { broadcast: { ack: false, self: true } };
  socket.send(
    JSON.stringify({ topic, event: 'phx_join', payload: { config, access_token: stack.env.serviceKey }, ref: '1' }),
  );
  await until('the reply', () => messages.length > 0);
  expect(messages[0]).toEqual({
    topic,
    event: 'phx_reply',
    ref: '1',
    payload: { status: 'ok', response: { postgres_changes: [] } },
  });
  const payload = { type: 'geometry.cgp.v1', data: { points: [1.5] } };
  socket.send(JSON.stringify({ topic, event: 'broadcast', payload, ref: '2' }));
  socket.send(JSON.stringify({ topic: 'phoenix', event: 'heartbeat', payload: {}, ref: '3' }));
  await until('both answers', () => messages.length === 3);
  expect(messages.find(({ event }) => event === 'broadcast')).toEqual({
    topic,
    event: 'broadcast',
    payload,
    ref: null,
  });
  socket.close();
});

// What an integrator's chat does: its rows by a filter, inserted through REST, seen by whom the policies let.
test('changes of a table reach a subscriber whose policies allow it, and nobody else', async () => {
  await runSql(
    stack,
    `create table public.rt_chat (id bigint generated always as identity primary key, session_id uuid, owner uuid, content text);
     alter table public.rt_chat enable row level security;
     create policy own on public.rt_chat for select to authenticated using (owner = (select auth.uid()));
     alter publication supabase_realtime add table public.rt_chat;
     notify pgrst, 'reload schema';`,
  );
  const session = '7b0b5a4e-54b4-4a4c-8f7e-0d5f6f3f9a11';
  const seen: Record<string, unknown[]> = {};
  const users = [];
  for (const name of ['mine', 'other']) {
    const user = await signedUpClient(stack, `rt-chat-${name}@example.org`);
    users.push(user);
    seen[name] = [];
    const client = realtimeClient();
    await client.realtime.setAuth(user.token);
    let isReady = false;
    const channel = client
      .channel(`chat_messages:session:${name}`)
      .on(
        'postgres_changes',
        { event: 'INSERT', schema: 'public', table: 'rt_chat', filter: `session_id=eq.${session}` },
        ({ new: row }) => seen[name]?.push(row),
      )
      .on('system', {}, ({ status }: { status: string }) => {
        isReady = status === 'ok';
      });
    expect(await subscribed(channel)).toBe('SUBSCRIBED');
    await until('changes flowing', () => isReady);
  }
  const [mine] = users;
  await untilServed(stack, ['rt_chat']);
  const rows = [
    { session_id: session, owner: mine?.id, content: 'hello' },
    { session_id: '00000000-0000-0000-0000-000000000000', owner: mine?.id, content: 'another session' },
  ];
  const answer = await fetch(`${stack.url}/rest/v1/rt_chat`, {
    method: 'POST',
    headers: { apikey: stack.env.serviceKey, 'content-type': 'application/json' },
    body: JSON.stringify(rows),
  });
  expect(answer.status).toBe(201);
  await until('the row', () => seen.mine?.length === 1);
  await sleep(300);
  expect(seen).toEqual({ mine: [{ id: 1, ...rows[0] }], other: [] });
});

test('what the database sends reaches its channel', async () => {
  const client = realtimeClient();
  const got: unknown[] = [];
  const channel = client
    .channel('from the database')
    .on('broadcast', { event: 'e' }, ({ payload }) => got.push(payload));
  expect(await subscribed(channel)).toBe('SUBSCRIBED');
  await runSql(stack, `select realtime.send('{"n":1}', 'e', 'from the database', false)`);
  await until('the message', () => got.length === 1);
  expect(got).toEqual([{ n: 1, id: expect.any(String) }]);
});
