import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDatabase, type Database } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type DeliveryLoop, type DeliveryLoopOptions, delayAfter, startDeliveryLoop } from './loop.ts';
import { createDeliveryStore, type Delivery, type DeliveryStore } from './store.ts';
import { deliveryTables } from './tables.ts';
import { countDeliveries, type DeliveryState, listDeliveries, reviveDeliveries } from './view.ts';

let own: TestDatabase;
let db: Database;
let store: DeliveryStore;
const loops: DeliveryLoop[] = [];

beforeAll(async () => {
  own = await testDatabase();
  db = createDatabase({ connection: own.connection('supabase_admin'), size: 4 });
  store = createDeliveryStore(db, 'test');
  await db.query(deliveryTables);
  // A second time, as at each start.
  await db.query(deliveryTables);
});
beforeEach(() => db.query('truncate _pmoves.deliveries, _pmoves.dead_letters, _pmoves.delivery_attempts'));
afterEach(() => Promise.all(loops.splice(0).map((loop) => loop.stop())));
afterAll(async () => {
  await db.close();
  await own.drop();
});

const enqueue = async (payload: unknown, queue = 'test', key: string | null = null): Promise<string> => {
  const { rows } = await db.query<{ id: string }>(`select _pmoves.enqueue_delivery($1, 'one', $2, $3)::text as id`, [
    queue,
    JSON.stringify(payload),
    key,
  ]);
  return rows[0]?.id as string;
};

function run(deliver: DeliveryLoopOptions['deliver'], given: Partial<DeliveryLoopOptions> = {}): DeliveryLoop {
  const loop = startDeliveryLoop({
    store,
    deliver,
    concurrency: 3,
    timeout: 30_000,
    maxAttempts: 3,
    firstDelay: 20,
    longestDelay: 40,
    keepDelivered: 60_000,
    keepDead: 60_000,
    now: () => performance.now(),
    onError(error) {
      throw error;
    },
    ...given,
  });
  loops.push(loop);
  return loop;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 15_000; !(await condition()); await new Promise((done) => setTimeout(done, 10)))
    if (performance.now() > end) throw new Error('it did not happen');
}

const list = (state: DeliveryState) => listDeliveries(db, { queue: 'test', state, limit: 1_000 });
const count = async (state: DeliveryState) => (await list(state)).length;
const take = async (limit: number, lease: number, from = store) => (await from.take(limit, lease)).deliveries;

it('two nodes deliver each once, and what another queue has stays', async () => {
  const seen: unknown[] = [];
  for (let number = 0; number < 40; number++) await enqueue(number);
  await enqueue('foreign', 'other');
  const deliver = async ({ payload }: Delivery) => {
    seen.push(payload);
    return { isDelivered: true, status: 200 };
  };
  run(deliver);
  run(deliver);
  await until(async () => (await count('delivered')) === 40);
  expect(new Set(seen).size).toBe(40);
  expect(seen).toHaveLength(40);
  expect(await take(10, 1_000, createDeliveryStore(db, 'other'))).toMatchObject([{ payload: 'foreign', attempt: 1 }]);
});

it('a failed attempt is repeated, each is noted, and the last one makes a dead letter that can be revived', async () => {
  const id = await enqueue({ a: 1 });
  let isWell = false;
  const loop = run(async ({ attempt }) => {
    if (isWell) return { isDelivered: true, status: 204 };
    if (attempt === 1) throw new Error('no answer');
    return { isDelivered: false, status: 500, error: 'sorry' };
  });
  await until(async () => (await count('dead')) === 1);
  const [dead] = await listDeliveries(db, { state: 'dead', limit: 1, target: 'one' });
  expect(dead).toMatchObject({ id, target: 'one', payload: { a: 1 }, state: 'dead' });
  expect(dead?.attempts).toMatchObject([
    { number: 1, status: null, error: 'no answer' },
    { number: 2, status: 500, error: 'sorry' },
    { number: 3, status: 500, error: 'sorry' },
  ]);
  isWell = true;
  expect(await reviveDeliveries(db, { id: '0' })).toBe(0);
  expect(await reviveDeliveries(db, { id })).toBe(1);
  loop.wake();
  await until(async () => (await count('delivered')) === 1);
  const [delivered] = await list('delivered');
  expect(delivered?.attempts.map(({ status }) => status)).toEqual([null, 500, 500, 204]);
  expect(await count('dead')).toBe(0);
});

it('what a node took and did not end comes back after its lease, and its late word does not count', async () => {
  await enqueue('x');
  const [taken] = await take(5, 1);
  let again: Delivery | undefined;
  await until(async () => {
    [again] = await take(5, 60_000);
    return again !== undefined;
  });
  expect([taken?.attempt, again?.attempt, again?.id]).toEqual([1, 2, taken?.id]);
  const late = taken as Delivery;
  await store.succeed([{ delivery: late, outcome: { isDelivered: true } }], true);
  await store.succeed([{ delivery: late, outcome: { isDelivered: true } }], false);
  await store.bury({ delivery: late, outcome: { isDelivered: false } });
  await store.giveBack([late]);
  expect([await count('waiting'), await count('delivered'), await count('dead')]).toEqual([1, 0, 0]);
});

it('one whose attempts never ended is buried, not tried for ever', async () => {
  await enqueue('x');
  await db.query('update _pmoves.deliveries set attempts = 3');
  run(() => Promise.reject(new Error('not to be called')));
  await until(async () => (await count('dead')) === 1);
  const [dead] = await list('dead');
  expect(dead?.attempts).toMatchObject([{ error: 'the last attempt has not come to an end' }]);
});

it('attempts under way at a stop are given back without being counted', async () => {
  await enqueue('x');
  let isUnderWay = false;
  const loop = run(
    (_delivery, signal) =>
      new Promise((_, reject) => {
        isUnderWay = true;
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      }),
  );
  await until(() => isUnderWay);
  await loop.stop();
  expect(await take(5, 60_000)).toMatchObject([{ attempt: 1 }]);
});

it('what is old is removed with its attempts', async () => {
  await enqueue('old');
  await enqueue('new');
  const taken = await take(2, 60_000);
  await store.succeed(
    taken.map((delivery) => ({ delivery, outcome: { isDelivered: true } })),
    true,
  );
  await db.query(`update _pmoves.deliveries set delivered_at = now() - interval '1 hour' where payload = '"old"'`);
  await store.sweep(60_000, 60_000);
  expect((await list('delivered')).map(({ payload }) => payload)).toEqual(['new']);
  const { rows } = await db.query<{ count: number }>('select count(*)::int as count from _pmoves.delivery_attempts');
  expect(rows[0]?.count).toBe(1);
});

it('pauses grow up to their bound', () => {
  const delays = [1, 2, 3, 4, 100].map((attempt) => delayAfter(attempt, { firstDelay: 5, longestDelay: 30 }, 1));
  expect(delays).toEqual([5, 10, 20, 30, 30]);
  expect(delayAfter(1, { firstDelay: 100, longestDelay: 1_000 }, 0)).toBe(75);
});

it.each([undefined, 7])(
  'what has one key goes in order on any number of nodes, failures and dead letters included (%s at once)',
  async (batch) => {
    const keys = ['a', 'b', 'c'];
    for (let number = 0; number < 60; number++) await enqueue(number, 'test', keys[number % 3] as string);
    const seen: number[] = [];
    const underWay = new Set<string>();
    const overlaps: unknown[] = [];
    const deliver = async ({ payload, attempt, key }: Delivery) => {
      // Two of one key at once would be out of order as well.
      if (underWay.has(key as string)) overlaps.push(payload);
      underWay.add(key as string);
      await new Promise((done) => setImmediate(done));
      underWay.delete(key as string);
      const number = payload as number;
      if (number % 10 === 9) return { isDelivered: false, isFinal: true };
      if (number % 7 === 3 && attempt === 1) return { isDelivered: false };
      if (number % 8 === 5 && !seen.includes(-number)) {
        seen.push(-number);
        return { isDelivered: false, isUncounted: true };
      }
      seen.push(number);
      return { isDelivered: true };
    };
    const given = { keepDelivered: 0, firstDelay: 5, longestDelay: 5, ...(batch !== undefined && { batch }) };
    const loops = [run(deliver, given), run(deliver, given)];
    await until(async () => (await count('waiting')) === 0);
    expect(overlaps).toEqual([]);
    expect([await count('delivered'), await count('dead')]).toEqual([0, 6]);
    for (const rest of [0, 1, 2]) {
      const wanted = Array.from({ length: 20 }, (_, at) => at * 3 + rest).filter((number) => number % 10 !== 9);
      expect(seen.filter((number) => number > 0 && number % 3 === rest)).toEqual(wanted.filter((number) => number > 0));
    }
    const [one, other] = loops.map(({ counts }) => counts);
    expect((one?.delivered ?? 0) + (other?.delivered ?? 0)).toBe(54);
    expect(await countDeliveries(db)).toEqual([{ queue: 'test', target: 'one', waiting: 0, dead: 6 }]);
    const { rows } = await db.query(
      'select from _pmoves.delivery_attempts where delivery not in (select id from _pmoves.dead_letters)',
    );
    expect(rows).toEqual([]);
  },
);

it('a queue with one owner is taken over without waiting for leases', async () => {
  await enqueue('x');
  await enqueue('y');
  expect(await take(5, 600_000)).toHaveLength(2);
  await store.reclaim();
  expect((await take(5, 600_000)).map(({ attempt }) => attempt)).toEqual([1, 1]);
});

it('attempts under way may come to their end within the grace of a stop', async () => {
  await enqueue('x');
  let finish: (() => void) | undefined;
  const loop = run(
    () =>
      new Promise((resolve) => {
        finish = () => resolve({ isDelivered: true });
      }),
  );
  await until(() => finish !== undefined);
  const stopped = loop.stop(new AbortController().signal);
  finish?.();
  await stopped;
  expect(await count('delivered')).toBe(1);
});

it('while nothing can be delivered nothing is taken', async () => {
  await enqueue('x');
  let isReady = false;
  const loop = run(async () => ({ isDelivered: true }), { isReady: () => isReady });
  await loop.stop();
  expect(await take(5, 600_000)).toHaveLength(1);
  await store.reclaim();
  isReady = true;
  run(async () => ({ isDelivered: true }), { isReady: () => isReady });
  await until(async () => (await count('delivered')) === 1);
});
