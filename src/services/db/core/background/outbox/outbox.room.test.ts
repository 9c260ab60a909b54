import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Room } from '#kernel/lifecycle';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../../../test/support/database.ts';
import { hasNatsServer, type NatsServer, startNatsServer } from '../../../../../../test/support/nats-server.ts';
import { startBackground } from '../../../testing/background-under-test.ts';
import { eventually as within } from '../../../testing/own-room.ts';

interface Envelope {
  readonly id: string;
  readonly topic: string;
  readonly payload: { readonly type: string; readonly record: Record<string, unknown> | null };
}

let db: TestDatabase;
let postgres: Client;
let background: Room<undefined>;

/** A server that was killed answers late, and the machine may be busy. */
const eventually = <T>(condition: () => Promise<T> | T) => within(condition, 25_000);
const query = async (sql: string, values: unknown[] = []) => (await postgres.pg.query(sql, values)).rows;
const waiting = async () => Number((await query('select count(*) from supabase_functions.outbox_events'))[0].count);

beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
  await query('create table notes (id int primary key, body text)');
  await query('create table logs (body text)');
});
afterAll(async () => {
  await postgres?.pg.end();
  await db?.drop();
});

describe.skipIf(!hasNatsServer)('to NATS', () => {
  const store = mkdtempSync(join(tmpdir(), 'outbox-nats-'));
  let nats: NatsServer;
  let client: NatsConnection;

  beforeAll(async () => {
    nats = await startNatsServer({ store });
    client = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    background = await startBackground(() => db.connection('supabase_admin'), {}, undefined, [nats.url]);
  });
  afterAll(async () => {
    await query('delete from supabase_functions.outbox_rules');
    await background?.stop();
    await client?.close();
    await nats?.stop();
    rmSync(store, { recursive: true, force: true });
  });

  /** All that the stream holds, once it holds so many. */
  async function received(count: number, filter = 'supabase.db.>'): Promise<Envelope[]> {
    const manager = await eventually(async () => {
      const found = await jetstreamManager(client);
      const { state } = await found.streams.info('SUPABASE', { subjects_filter: filter });
      const sum = Object.values(state.subjects ?? {}).reduce((total, each) => total + each, 0);
      return sum >= count && (await waiting()) === 0 ? found : undefined;
    });
    const { state } = await manager.streams.info('SUPABASE');
    const found: Envelope[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await manager.streams.getMessage('SUPABASE', { seq });
      if (message?.subject.startsWith(filter.slice(0, -1))) {
        expect(message.header.get('Nats-Msg-Id')).toBe((message.json() as Envelope).id);
        found.push(message.json());
      }
    }
    return found;
  }

  it('exactly the committed changes arrive, those of a row in order', async () => {
    await query(
      `insert into supabase_functions.outbox_rules (name, source, object, target) values ('notes', 'table', 'public.notes', 'nats:')`,
    );
    await query(`insert into notes select number, 'new' from generate_series(1, 20) as number`);
    await query('begin');
    await query(`insert into notes values (100, 'never')`);
    await query('rollback');
    for (let round = 1; round <= 3; round++) await query(`update notes set body = 'round ${round}'`);
    await query('delete from notes where id = 20');
    const all = await received(81);
    expect(all).toHaveLength(81);
    const of = (id: number) =>
      all.filter(({ payload }) => payload.record?.id === id).map(({ payload }) => payload.record?.body);
    for (let id = 1; id <= 20; id++) expect(of(id)).toEqual(['new', 'round 1', 'round 2', 'round 3']);
    expect(of(100)).toEqual([]);
    expect(all.at(-1)).toMatchObject({ topic: 'supabase.db.public.notes.delete.v1', payload: { type: 'DELETE' } });
  });

  it('while NATS is away events wait without counting, and go on when it is back', async () => {
    await nats.stop('SIGKILL');
    await query(`insert into notes values (200, 'waits')`);
    await query(`update notes set body = 'still' where id = 200`);
    expect(await waiting()).toBe(2);
    nats = await startNatsServer({ store, port: nats.port });
    const all = await received(83);
    expect(all.slice(81).map(({ payload }) => payload.record?.body)).toEqual(['waits', 'still']);
    expect(await query('select * from supabase_functions.outbox_dead_letters')).toEqual([]);
  });

  it('what was written while nobody delivered is delivered by the next', async () => {
    await background.stop();
    await query(`insert into notes values (300, 'later')`);
    background = await startBackground(() => db.connection('supabase_admin'), {}, undefined, [nats.url]);
    expect((await received(84)).at(-1)?.payload.record).toEqual({ id: 300, body: 'later' });
  });

  it('a webhook may have a subject for its address', async () => {
    await query(
      `create trigger hook after insert on logs for each row
       execute function supabase_functions.http_request('nats://supabase.db.hooks.{table}.seen.v1', 'POST', '{}', '{}', '1000')`,
    );
    await query(`insert into logs values ('a'), ('b')`);
    const all = await received(2, 'supabase.db.hooks.>');
    expect(all.map(({ payload }) => payload.record)).toEqual([{ body: 'a' }, { body: 'b' }]);
    await query('drop trigger hook on logs');
  });

  it('events of auth and storage, by rules of their own', async () => {
    // Storage makes its tables when it starts, which nobody does here.
    await db.query(
      `create table storage.objects (id uuid default gen_random_uuid(), bucket_id text, name text, version text, last_accessed_at timestamptz)`,
    );
    await query(
      `insert into supabase_functions.outbox_rules (name, source, object, events, target) values
       ('logins', 'auth', null, '{login}', 'nats:'), ('files', 'storage', 'pictures', null, 'nats:')`,
    );
    const act = (action: string) =>
      db.query(
        `insert into auth.audit_log_entries (id, instance_id, payload, ip_address)
         values (gen_random_uuid(), gen_random_uuid(), json_build_object('action', $1::text, 'actor_id', 'x'), '')`,
        [action],
      );
    await act('logout');
    await act('login');
    expect(await received(1, 'supabase.auth.>')).toMatchObject([{ topic: 'supabase.auth.login.v1' }]);
    await db.query(
      `insert into storage.objects (bucket_id, name, version) values ('pictures', 'a', '1'), ('others', 'b', '1')`,
    );
    await db.query(`update storage.objects set last_accessed_at = now()`);
    await db.query(`update storage.objects set version = '2'`);
    await db.query(`update storage.objects set name = 'c' where bucket_id = 'pictures'`);
    const topics = (await received(4, 'supabase.storage.>')).map(({ topic }) => topic);
    const [created, removed] = ['created', 'removed'].map((event) => `supabase.storage.pictures.${event}.v1`);
    expect(topics.sort()).toEqual([created, created, created, removed]);
  });

  it('an event that no stream takes is tried again, and is a dead letter in the end', async () => {
    await query(
      `insert into supabase_functions.outbox_rules (name, source, object, target, attempts)
       values ('nowhere', 'table', 'public.logs', 'nats://nobody.listens.v1', 1)`,
    );
    await query(`insert into logs values ('lost')`);
    const [dead] = await eventually(async () => {
      const rows = await query('select rule, error, payload from supabase_functions.outbox_dead_letters');
      return rows.length > 0 ? rows : undefined;
    });
    expect(dead).toMatchObject({ rule: 'nowhere', payload: { record: { body: 'lost' } } });
    await query('delete from supabase_functions.outbox_dead_letters');
  });

  it('messages that come in are rows, changed by their keys; what is no row is put by', async () => {
    await query('create table chat (id int primary key, body text, seen boolean not null default false)');
    const manager = await jetstreamManager(client);
    await manager.streams.add({ name: 'CHAT', subjects: ['chat.>'] });
    const js = jetstream(client);
    const send = (payload: unknown) => js.publish('chat.message.v1', JSON.stringify({ id: 'x', payload }));
    await send({ id: 1, body: 'before the rule' });
    await query(
      `insert into supabase_functions.inbox_rules (name, stream, subject, object, keys)
       values ('chat', 'CHAT', 'chat.message.v1', 'public.chat', '{id}')`,
    );
    await send({ id: 2, body: 'hello', unknown: true });
    await send({ id: 'no number', body: 'x' });
    await js.publish('chat.message.v1', 'no JSON');
    await send({ id: 1, body: 'changed' });
    await eventually(async () => (await query(`select from chat where body = 'changed'`))[0]);
    expect(await query('select * from chat order by id')).toEqual([
      { id: 1, body: 'changed', seen: false },
      { id: 2, body: 'hello', seen: false },
    ]);
    const rejected = await query('select rule, subject, body from supabase_functions.inbox_rejected order by id');
    expect(rejected).toEqual([
      { rule: 'chat', subject: 'chat.message.v1', body: expect.stringContaining('no number') },
      { rule: 'chat', subject: 'chat.message.v1', body: 'no JSON' },
    ]);
    expect((await background.health()).detail).toMatchObject({ inboxTaken: 5 });
    await query('delete from supabase_functions.inbox_rules');
  });
});

describe('to HTTP', () => {
  interface Seen {
    readonly headers: IncomingMessage['headers'];
    readonly url: string | undefined;
    readonly body: string;
  }
  const seen: Seen[] = [];
  let answer: (request: Seen, response: ServerResponse) => void;
  let base: string;
  const secret = Buffer.alloc(32, 7).toString('base64');
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const one = { headers: request.headers, url: request.url, body };
      seen.push(one);
      answer(one, response);
    });
  });

  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    background = await startBackground(() => db.connection('supabase_admin'));
    await query('truncate notes');
    await query(
      `insert into supabase_functions.outbox_rules (name, source, object, target, format, headers, secret, attempts)
       values ('http', 'table', 'public.notes', $1, 'raw', '{"X-Mine": "yes"}', $2, 2)`,
      [`${base}/hook`, `v1,whsec_${secret}`],
    );
  });
  afterAll(async () => {
    await background?.stop();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    seen.length = 0;
    answer = (_request, response) => response.end();
  });

  it('is signed, and has one id in all attempts', async () => {
    answer = (_request, response) => response.writeHead(seen.length === 1 ? 503 : 204).end();
    await query(`insert into notes values (1, 'one')`);
    await eventually(async () => (await waiting()) === 0 && seen.length > 0);
    expect(seen).toHaveLength(2);
    const [first, second] = seen as [Seen, Seen];
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    for (const { headers, body, url } of seen) {
      expect([url, headers['x-mine'], headers['content-type']]).toEqual(['/hook', 'yes', 'application/json']);
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
      const mac = createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${mac}`);
      expect(JSON.parse(body)).toEqual({
        type: 'INSERT',
        table: 'notes',
        schema: 'public',
        record: { id: 1, body: 'one' },
        old_record: null,
      });
    }
  });

  it('an event holds back those of its row alone, until it is a dead letter', async () => {
    const bodies = () => seen.map(({ body }) => (JSON.parse(body) as Envelope['payload']).record?.body);
    answer = ({ body }, response) => response.writeHead(body.includes('poison') ? 500 : 200).end();
    await query(`insert into notes values (2, 'poison')`);
    await query(`update notes set body = 'after' where id = 2`);
    await query(`update notes set body = 'harmless' where id = 2`);
    await query(`insert into notes values (3, 'other')`);
    await eventually(() => bodies().includes('other'));
    expect(bodies().filter((body) => body !== 'other')).toEqual(['poison']);
    await eventually(async () => (await waiting()) === 0);
    // The update carries what it replaces, so that its own body has the word as well.
    const [dead, ...more] = await query(
      `select attempts, error, payload -> 'record' ->> 'body' as body from supabase_functions.outbox_dead_letters order by id`,
    );
    expect(dead).toEqual({ attempts: 2, error: 'answered 500', body: 'poison' });
    expect(more.map(({ body }) => body)).toEqual(['after']);
    expect(bodies().at(-1)).toBe('harmless');
  });

  it('goes to functions with the key of the service', async () => {
    // The name of the gateway leads nowhere here: what is tried says enough.
    await query(
      `insert into supabase_functions.outbox_rules (name, source, object, target, attempts)
       values ('call', 'table', 'public.logs', 'function:hello', 1)`,
    );
    await query(`insert into logs values ('x')`);
    const [dead] = await eventually(async () => {
      const rows = await query(`select error from supabase_functions.outbox_dead_letters where rule = 'call'`);
      return rows.length > 0 ? rows : undefined;
    });
    expect(dead.error).toContain('kong');
  });

  it('rules are checked, and their triggers go with them', async () => {
    const triggers = async () =>
      (await query(`select tgname from pg_trigger where tgname like 'outbox_%' order by 1`)).map(
        ({ tgname }) => tgname,
      );
    expect(await triggers()).toEqual(['outbox_call', 'outbox_http']);
    const add = (values: string) =>
      query(`insert into supabase_functions.outbox_rules (name, source, object, events, target) values ${values}`);
    await expect(add(`('a', 'table', 'public.nothing', null, 'nats:')`)).rejects.toThrow('does not exist');
    await expect(add(`('a', 'table', 'public.notes', '{truncate}', 'nats:')`)).rejects.toThrow('insert, update and');
    await expect(add(`('a b', 'table', 'public.notes', null, 'nats:')`)).rejects.toThrow('check');
    await expect(add(`('a', 'table', 'public.notes', null, 'ftp://x')`)).rejects.toThrow('check');
    await query(`update supabase_functions.outbox_rules set enabled = false where name = 'http'`);
    expect(await triggers()).toEqual(['outbox_call']);
    await query('delete from supabase_functions.outbox_rules');
    expect(await triggers()).toEqual([]);
  });

  it('nobody but postgres sees or changes it', async () => {
    for (const role of ['anon', 'authenticated', 'service_role'])
      for (const table of ['outbox_rules', 'outbox_events', 'outbox_dead_letters', 'inbox_rules', 'inbox_rejected'])
        expect(
          (
            await query(`select has_table_privilege($1, $2, 'select, insert, update, delete') as may`, [
              role,
              `supabase_functions.${table}`,
            ])
          )[0],
        ).toEqual({ may: false });
    expect(
      await query(
        `select has_function_privilege('anon', 'supabase_functions.inbox_take(text, text[], jsonb)', 'execute') as may`,
      ),
    ).toEqual([{ may: false }]);
  });
});
