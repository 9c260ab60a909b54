import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDatabase, type Database } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type DeliveryLoop, type DeliveryLoopOptions, delayAfter, startDeliveryLoop } from './loop.ts';
import { createDeliveryStore, type Delivery, type DeliveryStore } from './store.ts';
import { deliveryTables } from './tables.ts';

let own: TestDatabase;
let db: Database;
let store: DeliveryStore;
const loops: DeliveryLoop[] = [];

beforeAll(async () => {
  own = await testDatabase();
  db = createDatabase({ connection: own.connection('postgres'), size: 4 });
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

const enqueue = async (payload: unknown, queue = 'test'): Promise<string> => {
  const { rows } = await db.query<{ id: string }>(`select _pmoves.enqueue_delivery($1, 'one', $2)::text as id`, [
    queue,
    JSON.stringify(payload),
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

const count = async (state: Parameters<DeliveryStore['list']>[0]['state']) =>
  (await store.list({ state, limit: 1_000 })).length;

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
  expect(await createDeliveryStore(db, 'other').take(10, 1_000)).toMatchObject([{ payload: 'foreign', attempt: 1 }]);
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
  const [dead] = await store.list({ state: 'dead', limit: 1, target: 'one' });
  expect(dead).toMatchObject({ id, target: 'one', payload: { a: 1 }, state: 'dead' });
  expect(dead?.attempts).toMatchObject([
    { number: 1, status: null, error: 'no answer' },
    { number: 2, status: 500, error: 'sorry' },
    { number: 3, status: 500, error: 'sorry' },
  ]);
  isWell = true;
  expect(await store.revive({ id: '0' })).toBe(0);
  expect(await store.revive({ id })).toBe(1);
  loop.wake();
  await until(async () => (await count('delivered')) === 1);
  const [delivered] = await store.list({ state: 'delivered', limit: 1 });
  expect(delivered?.attempts.map(({ status }) => status)).toEqual([null, 500, 500, 204]);
  expect(await count('dead')).toBe(0);
});

it('what a node took and did not end comes back after its lease, and its late word does not count', async () => {
  await enqueue('x');
  const [taken] = await store.take(5, 1);
  await until(async () => (await store.nextDue()) !== undefined && ((await store.nextDue()) as number) <= 0);
  const [again] = await store.take(5, 60_000);
  expect([taken?.attempt, again?.attempt, again?.id]).toEqual([1, 2, taken?.id]);
  await store.succeed(taken as Delivery, { isDelivered: true });
  await store.bury(taken as Delivery, { isDelivered: false });
  expect([await count('waiting'), await count('delivered'), await count('dead')]).toEqual([1, 0, 0]);
});

it('one whose attempts never ended is buried, not tried for ever', async () => {
  await enqueue('x');
  await db.query('update _pmoves.deliveries set attempts = 3');
  run(() => Promise.reject(new Error('not to be called')));
  await until(async () => (await count('dead')) === 1);
  const [dead] = await store.list({ state: 'dead', limit: 1 });
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
  expect(await store.take(5, 60_000)).toMatchObject([{ attempt: 1 }]);
});

it('what is old is removed with its attempts', async () => {
  await enqueue('old');
  await enqueue('new');
  const taken = await store.take(2, 60_000);
  for (const delivery of taken) await store.succeed(delivery, { isDelivered: true });
  await db.query(`update _pmoves.deliveries set delivered_at = now() - interval '1 hour' where payload = '"old"'`);
  await store.sweep(60_000, 60_000);
  expect((await store.list({ state: 'delivered', limit: 9 })).map(({ payload }) => payload)).toEqual(['new']);
  const { rows } = await db.query<{ count: number }>('select count(*)::int as count from _pmoves.delivery_attempts');
  expect(rows[0]?.count).toBe(1);
});

it('pauses grow up to their bound', () => {
  const delays = [1, 2, 3, 4, 100].map((attempt) => delayAfter(attempt, { firstDelay: 5, longestDelay: 30 }));
  expect(delays).toEqual([5, 10, 20, 30, 30]);
});
