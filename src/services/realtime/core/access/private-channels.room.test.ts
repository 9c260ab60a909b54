import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RealtimeUnderTest, startRealtime, testToken } from '../../testing/realtime-under-test.ts';

let realtime: RealtimeUnderTest;
beforeAll(async () => {
  realtime = await startRealtime();
  await realtime.db.query(`
    set role postgres;
    create policy "members read" on realtime.messages for select to authenticated
      using (realtime.topic() like 'team:%' and auth.jwt() ->> 'team' = split_part(realtime.topic(), ':', 2));
    create policy "writers write" on realtime.messages for insert to authenticated
      with check (extension = 'broadcast' and (auth.jwt() ->> 'writes')::boolean);
    create policy "presence of one topic" on realtime.messages for all to authenticated
      using (realtime.topic() = 'presence only' and extension = 'presence')
      with check (realtime.topic() = 'presence only' and extension = 'presence');
    create policy "headers count" on realtime.messages for select to authenticated
      using (realtime.topic() = 'by header' and current_setting('request.headers')::json ->> 'x-secret' = 'open');
    create policy "raises" on realtime.messages for select to authenticated
      using (case when realtime.topic() = 'raises' then 1 / (length(topic) - 6) > 0 else false end);
    reset role;`);
});
afterAll(() => realtime.stop());

const token = (claims: Record<string, unknown> = {}) =>
  testToken({ role: 'authenticated', sub: '00000000-0000-0000-0000-000000000001', ...claims });

async function joinAs(claims: Record<string, unknown>, name: string, config: object = {}) {
  const client = await realtime.client(2, token(claims));
  return { client, reply: await client.join(name, { private: true, ...config }) };
}

const denied = (name: string) => ({
  status: 'error',
  response: { reason: `Unauthorized: You do not have permissions to read from this Channel topic: ${name}` },
});

describe('reading', () => {
  test('is decided by the policies on realtime.messages', async () => {
    expect((await joinAs({ team: 'red' }, 'team:red')).reply.payload.status).toBe('ok');
    expect((await joinAs({ team: 'blue' }, 'team:red')).reply.payload).toEqual(denied('team:red'));
    const anon = await realtime.client();
    expect((await anon.join('team:red', { private: true })).payload).toEqual(denied('team:red'));
    expect((await joinAs({ role: 'service_role' }, 'team:red')).reply.payload.status).toBe('ok');
  });

  test('headers of the handshake count', async () => {
    for (const [secret, status] of [
      ['open', 'ok'],
      ['shut', 'error'],
    ]) {
      const client = await realtime.client(2, token(), { 'x-secret': secret as string });
      expect((await client.join('by header', { private: true })).payload.status).toBe(status);
    }
  });

  test('a policy that raises lets nobody in', async () => {
    expect((await joinAs({}, 'raises')).reply.payload).toEqual(denied('raises'));
  });

  test('an unknown role lets nobody in, and no probe stays behind', async () => {
    expect((await joinAs({ role: 'nobody here' }, 'team:red')).reply.payload).toEqual(denied('team:red'));
    expect(await realtime.db.query('select count(*)::int as n from realtime.messages')).toEqual([{ n: 0 }]);
  });

  test('a public room of the same name is another', async () => {
    const { client: inside } = await joinAs({ team: 'red' }, 'team:red');
    const outside = await realtime.client();
    await outside.join('team:red', { broadcast: { ack: true } });
    outside.send('realtime:team:red', 'broadcast', { from: 'outside' }, '1');
    await outside.event('phx_reply');
    inside.send('phoenix', 'heartbeat', {});
    await inside.event('phx_reply');
    expect(inside.received.some((one) => !Buffer.isBuffer(one) && one.event === 'broadcast')).toBe(false);
  });
});

describe('writing', () => {
  test('what may not be written is dropped without a word', async () => {
    const { client: reader } = await joinAs({ team: 'red' }, 'team:red');
    const { client: mute } = await joinAs({ team: 'red', writes: false }, 'team:red', { broadcast: { ack: true } });
    const { client: writer } = await joinAs({ team: 'red', writes: true }, 'team:red', { broadcast: { ack: true } });
    mute.send('realtime:team:red', 'broadcast', { from: 'mute' }, '1');
    const ref = mute.send('phoenix', 'heartbeat', {});
    expect((await mute.event('phx_reply')).ref).toBe(ref);
    writer.send('realtime:team:red', 'broadcast', { from: 'writer' }, '1');
    expect((await writer.event('phx_reply')).payload.status).toBe('ok');
    expect((await reader.event('broadcast')).payload).toEqual({ from: 'writer' });
  });

  test('presence where only presence may be read', async () => {
    const { client, reply } = await joinAs({}, 'presence only', { presence: { enabled: true, key: 'me' } });
    expect(reply.payload.status).toBe('ok');
    expect((await client.event('presence_state')).payload).toEqual({});
    client.send('realtime:presence only', 'presence', { event: 'track', payload: {} }, '1');
    expect((await client.event('phx_reply')).payload.status).toBe('ok');
    expect(Object.keys((await client.event('presence_diff')).payload.joins)).toEqual(['me']);
    const { client: other } = await joinAs({ team: 'red' }, 'team:red', { presence: { enabled: true } });
    other.send('realtime:team:red', 'presence', { event: 'track', payload: {} }, '1');
    expect((await other.event('phx_reply')).payload).toEqual({ status: 'error', response: {} });
  });
});

describe('a new token', () => {
  test('under which a policy raises ends the channel, in words without a code', async () => {
    const { client, reply } = await joinAs({ role: 'service_role' }, 'raises');
    expect(reply.payload.status).toBe('ok');
    client.send('realtime:raises', 'access_token', { access_token: token() }, '1');
    expect((await client.event('system')).payload).toEqual({
      channel: 'raises',
      extension: 'system',
      status: 'error',
      message: 'You do not have permissions to read from this Channel topic: raises',
    });
    expect((await client.event('phx_close')).topic).toBe('realtime:raises');
  });

  test('is taken without a reply, and decides from then on', async () => {
    const { client } = await joinAs({ team: 'red' }, 'team:red', { broadcast: { ack: true } });
    client.send('realtime:team:red', 'broadcast', { n: 1 }, '1');
    client.send('realtime:team:red', 'access_token', { access_token: token({ team: 'red', writes: true }) }, '1');
    const ref = client.send('realtime:team:red', 'broadcast', { n: 2 }, '1');
    expect((await client.event('phx_reply')).ref).toBe(ref);
    client.send('realtime:team:red', 'access_token', { access_token: token({ team: 'blue' }) }, '1');
    expect((await client.event('system')).payload).toEqual({
      channel: 'team:red',
      extension: 'system',
      status: 'error',
      message: 'You no longer have permission to read from this Channel topic: team:red',
    });
    expect((await client.event('phx_close')).ref).toBe('1');
  });
});

describe('stored messages', () => {
  const stored = async () => {
    await realtime.db.query(`
      delete from realtime.messages;
      select realtime.send('{"n":1}', 'first', 'team:red');
      select realtime.send_binary('\\x0001', 'bytes', 'team:red');
      select realtime.send('{"n":2}', 'public one', 'team:red', false);
      select realtime.send('{"n":3}', 'elsewhere', 'team:blue');`);
    return realtime.db.query<{ id: string; event: string }>('select id, event from realtime.messages');
  };

  test('are replayed to private channels, oldest first', async () => {
    const rows = await stored();
    const id = (event: string) => rows.find((row) => row.event === event)?.id;
    const replay = { broadcast: { replay: { since: Date.now() - 60_000, limit: 10 } } };
    const { client } = await joinAs({ team: 'red' }, 'team:red', replay);
    expect(await client.event('broadcast')).toMatchObject({
      joinRef: '1',
      payload: {
        event: 'first',
        type: 'broadcast',
        payload: { n: 1, id: id('first') },
        meta: { replayed: true, id: id('first') },
      },
    });
    const bytes = await client.nextBinary();
    expect(bytes.toString('latin1')).toContain(`{"replayed":true,"id":"${id('bytes')}"}\u0000\u0001`);
    client.send('phoenix', 'heartbeat', {});
    await client.next(({ topic }) => topic === 'phoenix');
    expect(client.received.filter((one) => Buffer.isBuffer(one) || one.event === 'broadcast')).toHaveLength(2);
  });

  test('what cannot be replayed is said in the reply', async () => {
    const anon = await realtime.client();
    expect((await anon.join('x', { broadcast: { replay: { since: 1 } } })).payload.response).toEqual({
      reason: 'UnableToReplayMessages: Replay is not allowed for public channels',
    });
    expect(
      (await joinAs({ team: 'red' }, 'team:red', { broadcast: { replay: { since: 'x' } } })).reply.payload.response,
    ).toEqual({ reason: 'UnableToReplayMessages: Replay params are not valid' });
  });

  test('sending warns where it fails, and never raises', async () => {
    await realtime.db.query("begin; set local role anon; select realtime.send('{}', 'e', 't'); commit");
    await realtime.db.query(`
      create table public.items (id int primary key, name text);
      create function public.tell() returns trigger language plpgsql security definer as $f$
      begin
        perform realtime.broadcast_changes('team:red', tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
        return null;
      end $f$;
      create trigger tell after insert or update or delete on public.items for each row execute function public.tell();
      delete from realtime.messages;
      insert into public.items values (1, 'a');
      update public.items set name = 'b';
      delete from public.items;`);
    const rows = await realtime.db.query<{ payload: Record<string, unknown>; private: boolean }>(
      'select payload, private from realtime.messages order by inserted_at, event',
    );
    const of = (operation: string) => rows.find(({ payload }) => payload.operation === operation);
    expect(rows).toHaveLength(3);
    expect(of('INSERT')).toMatchObject({
      private: true,
      payload: { record: { id: 1, name: 'a' }, old_record: null, table: 'items', schema: 'public' },
    });
    expect(of('UPDATE')?.payload).toMatchObject({ record: { name: 'b' }, old_record: { name: 'a' } });
    expect(of('DELETE')?.payload).toMatchObject({ record: null, old_record: { id: 1, name: 'b' } });
    await expect(
      realtime.db.query("select realtime.broadcast_changes('t','e','TRUNCATE','x','y',null::items,null::items)"),
    ).rejects.toThrow(/Unexpected operation type/);
  });

  test('partitions reach from yesterday to a week ahead, and old ones go', async () => {
    const { keepPartitions } = await import('../../sql/partitions.ts');
    const { createDatabase } = await import('#kernel/sql');
    const names = async () =>
      (
        await realtime.db.query<{ name: string }>(
          "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'realtime.messages'::regclass order by 1",
        )
      ).map(({ name }) => name);
    expect(await names()).toHaveLength(9);
    await realtime.db.query(`
      create table realtime.messages_2020_01_01 partition of realtime.messages
        for values from ('2020-01-01') to ('2020-01-02')`);
    const db = createDatabase({ connection: realtime.db.connection('supabase_admin') });
    await Promise.all([keepPartitions(db, 3), keepPartitions(db, 3)]);
    await db.close();
    expect(await names()).toHaveLength(9);
    expect(await names()).not.toContain('realtime.messages_2020_01_01');
  });
});
