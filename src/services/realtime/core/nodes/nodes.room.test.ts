import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalBus, createNatsBus, type NatsBus } from '#kernel/bus';
import {
  type Cable,
  hasNatsServer,
  layCable,
  type NatsServer,
  startNatsServer,
} from '../../../../../test/support/nats-server.ts';
import type { RawClient } from '../../testing/raw-client.ts';
import { type RealtimeUnderTest, startRealtime, testToken } from '../../testing/realtime-under-test.ts';

const presenceOf = (client: RawClient): string[] => {
  const keys = new Set<string>();
  for (const message of client.received) {
    if (Buffer.isBuffer(message)) continue;
    if (message.event === 'presence_state') for (const key of Object.keys(message.payload)) keys.add(key);
    if (message.event !== 'presence_diff') continue;
    for (const key of Object.keys(message.payload.leaves)) keys.delete(key);
    for (const key of Object.keys(message.payload.joins)) keys.add(key);
  }
  return [...keys].sort();
};

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
    await sleep(20);
  }
}

describe.skipIf(!hasNatsServer)('two nodes over a NATS server', () => {
  let nats: NatsServer;
  let cable: Cable;
  const buses: NatsBus[] = [];
  const nodes: RealtimeUnderTest[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    nats = await startNatsServer();
    cable = await layCable(nats.port);
    for (const port of [nats.port, cable.port]) {
      const bus = createNatsBus({
        servers: [`nats://127.0.0.1:${port}`],
        prefix: 'test',
        local: createLocalBus(() => {}),
        onState: () => {},
      });
      bus.start();
      await until('a connection to NATS', () => bus.isConnected);
      buses.push(bus);
      const env = {
        STACK_REALTIME_NODE_INTERVAL: '100',
        STACK_REALTIME_NODE_TIMEOUT: '1s',
        TENANT_MAX_CONCURRENT_USERS: '3',
      };
      const shared = nodes[0]?.db;
      nodes.push(await startRealtime({ env, bus, ...(shared && { db: shared }) }));
    }
    for (const [index, node] of nodes.entries()) {
      const client = await node.client();
      clients.push(client);
      await client.join('room', { presence: { enabled: true, key: `user ${index}` } });
    }
  });
  afterAll(async () => {
    // The first node owns the database, and goes last.
    await nodes[1]?.stop();
    await nodes[0]?.stop();
    await Promise.all(buses.map((bus) => bus.stop()));
    await cable?.close();
    await nats?.stop();
  });

  const [first, second] = [() => clients[0] as RawClient, () => clients[1] as RawClient];
  const track = (client: RawClient) =>
    client.send('realtime:room', 'presence', { type: 'presence', event: 'track', payload: { at: 1 } }, '1');

  const users = async ({ url }: RealtimeUnderTest): Promise<number> => {
    const headers = { authorization: `Bearer ${testToken()}` };
    const answer = await fetch(`${url}/api/tenants/realtime-dev/health`, { headers });
    return ((await answer.json()) as { data: { connected_cluster: number } }).data.connected_cluster;
  };
  const untilUsers = (count: number) =>
    until(`${count} users on all nodes`, async () =>
      (await Promise.all(nodes.map(users))).every((one) => one === count),
    );

  test('broadcasts cross, and are not heard twice', async () => {
    first().send('realtime:room', 'broadcast', { type: 'broadcast', event: 'e', payload: { n: 1 } }, '1');
    expect((await second().event('broadcast')).payload).toEqual({ type: 'broadcast', event: 'e', payload: { n: 1 } });
    const large = 'x'.repeat(2_500_000);
    second().send('realtime:room', 'broadcast', { large }, '1');
    expect((await first().event('broadcast')).payload.large).toHaveLength(large.length);
    // What a node hears comes in order: an echo of what was said before would be there already.
    first().send('realtime:room', 'broadcast', { last: true }, '1');
    expect((await second().event('broadcast')).payload).toEqual({ last: true });
    const heard = clients.map(({ received }) =>
      received.filter((one) => !Buffer.isBuffer(one) && one.event === 'broadcast'),
    );
    expect(heard.map(({ length }) => length)).toEqual([1, 2]);
  });

  test('who has joined misses nothing that another node says next', async () => {
    for (let room = 0; room < 30; room++) {
      await first().join(`new ${room}`);
      await second().join(`new ${room}`, { presence: { enabled: true } });
      first().send(`realtime:new ${room}`, 'broadcast', { type: 'broadcast', event: 'e', payload: { room } }, '1');
      const heard = await second().next(
        ({ event, topic }) => event === 'broadcast' && topic === `realtime:new ${room}`,
      );
      expect(heard.payload.payload).toEqual({ room });
    }
  });

  test('presence is one for both', async () => {
    for (const client of clients) track(client);
    await until('both seeing both', () => clients.every((client) => presenceOf(client).length === 2));
    for (const client of clients) expect(presenceOf(client)).toEqual(['user 0', 'user 1']);
    const late = await (nodes[1] as RealtimeUnderTest).client();
    await late.join('room', { presence: { enabled: true, key: 'late' } });
    expect(Object.keys((await late.event('presence_state')).payload).sort()).toEqual(['user 0', 'user 1']);
    late.close();
  });

  test('a position told by one node is good at the other', async () => {
    await first().join('stored', { resume: {} });
    const { position } = (await first().event('resume')).payload;
    await nodes[0]?.db.query("select realtime.send('{\"n\":1}', 'told', 'stored', false)");
    const given = await first().nextBinary();
    await second().join('stored', { resume: { after: position } });
    expect((await second().event('resume', 20_000)).payload).toMatchObject({ status: 'position' });
    expect(await second().nextBinary()).toEqual(given);
    const { position: reached } = JSON.parse(/\{[^}]*\}/.exec(given.toString())?.[0] ?? '');
    await second().join('stored', { resume: { after: reached } });
    expect((await second().event('resume', 20_000)).payload).toMatchObject({ status: 'position' });
    expect(second().received.filter(Buffer.isBuffer)).toHaveLength(1);
  });

  test('users count on all nodes together', async () => {
    await untilUsers(2);
    const third = await (nodes[0] as RealtimeUnderTest).client();
    expect((await third.join('x')).payload.status).toBe('ok');
    await untilUsers(3);
    const fourth = await (nodes[1] as RealtimeUnderTest).client().catch((error: Error) => error.message);
    expect(fourth).toBe('429 {"error":"Too many connected users"}');
    third.close();
  });

  test('a node that is cut off is gone for the other, works on by itself, and comes back whole', async () => {
    cable.cut();
    await until('each seeing only its own', () =>
      clients.every((client, index) => presenceOf(client).join() === `user ${index}`),
    );
    const alone = await (nodes[1] as RealtimeUnderTest).client();
    await alone.join('room', { presence: { enabled: true, key: 'alone' } });
    track(alone);
    alone.send('realtime:room', 'broadcast', { cut: true }, '1');
    expect((await second().next(({ event, payload }) => event === 'broadcast' && payload.cut)).payload).toEqual({
      cut: true,
    });
    cable.mend();
    await until('all seeing all', () =>
      [...clients, alone].every((client) => presenceOf(client).join() === 'alone,user 0,user 1'),
    );
    first().send('realtime:room', 'broadcast', { again: true }, '1');
    expect((await second().next(({ event, payload }) => event === 'broadcast' && payload.again)).payload).toEqual({
      again: true,
    });
    expect(first().received.some((one) => !Buffer.isBuffer(one) && one.payload.cut)).toBe(false);
  });

  test('a node that stops takes its presence with it', async () => {
    await nodes[1]?.stop();
    await until('only the first left', () => presenceOf(first()).join() === 'user 0');
  });
});
