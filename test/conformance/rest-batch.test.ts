import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// The helper of the guide, as it stands there, through the gateway.
const guide = readFileSync(new URL('../../docs/guides/batches.md', import.meta.url), 'utf8');
const source = /```js\n(export function createBatch[\s\S]*?)```/.exec(guide)?.[1] ?? '';

interface Batch {
  add(method: string, path: string, options?: object): Batch;
  run(): Promise<{ status: number; body: unknown }[]>;
}
type CreateBatch = (url: string, key: string, accessToken?: string) => Batch;

const stack = sharedStack();
let createBatch: CreateBatch;

beforeAll(async () => {
  const module = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as { createBatch: CreateBatch };
  ({ createBatch } = module);
  await runSql(
    stack,
    `create table if not exists batch_orders (id bigint primary key generated always as identity, customer int,
       revision int not null default 1);
     create table if not exists batch_lines (id bigint primary key generated always as identity,
       order_id bigint not null references batch_orders, item int check (item > 0));
     truncate batch_orders, batch_lines;
     alter table batch_orders enable row level security;
     grant all on batch_orders, batch_lines to anon, service_role;
     notify pgrst, 'reload schema'`,
  );
  const deadline = performance.now() + 20_000;
  const isThere = async () =>
    (await fetch(`${stack.url}/rest/v1/batch_lines`, { headers: { apikey: stack.env.anonKey } })).status === 200;
  while (!(await isThere())) {
    if (performance.now() > deadline) throw new Error('the tables do not appear');
    await sleep(50);
  }
});

const order = { id: 'order', body: { customer: 7 }, prefer: 'return=representation' };

describe('batches', () => {
  test('an order with its lines, in one transaction', async () => {
    const results = await createBatch(stack.url, stack.env.serviceKey)
      .add('POST', '/batch_orders', order)
      .add('POST', '/batch_lines', {
        bind: { order: 'order.0.id' },
        body: [1, 2].map((item) => ({ order_id: ':order', item })),
      })
      .add('GET', '/batch_orders?id=eq.:order&select=customer,batch_lines(item)', { bind: { order: 'order.0.id' } })
      .run();
    expect(results.map(({ status }) => status)).toEqual([201, 201, 200]);
    expect(results[2]?.body).toEqual([{ customer: 7, batch_lines: [{ item: 1 }, { item: 2 }] }]);
  });

  test('a line that fails takes the order with it', async () => {
    const before = await runSql(stack, 'select count(*)::int from batch_orders');
    const failed = createBatch(stack.url, stack.env.serviceKey)
      .add('POST', '/batch_orders', order)
      .add('POST', '/batch_lines', { id: 'line', bind: { order: 'order.0.id' }, body: { order_id: ':order', item: 0 } })
      .run();
    await expect(failed).rejects.toMatchObject({ code: '23514', step: { index: 1, id: 'line' } });
    expect(await runSql(stack, 'select count(*)::int from batch_orders')).toEqual(before);
  });

  test('row-level security holds for every step', async () => {
    const results = await createBatch(stack.url, stack.env.anonKey).add('GET', '/batch_orders').run();
    expect(results[0]?.body).toEqual([]);
    const refused = createBatch(stack.url, stack.env.anonKey).add('POST', '/batch_orders', order).run();
    await expect(refused).rejects.toMatchObject({ code: '42501', step: { index: 0, id: 'order' } });
  });

  test('of two that changed the same version one wins', async () => {
    const [made] = await createBatch(stack.url, stack.env.serviceKey).add('POST', '/batch_orders', order).run();
    const id = (made?.body as { id: number }[] | undefined)?.[0]?.id;
    const change = () =>
      createBatch(stack.url, stack.env.serviceKey)
        .add('PATCH', `/batch_orders?id=eq.${id}`, { body: { revision: 2 }, expect: { version: { revision: 1 } } })
        .run();
    const outcomes = await Promise.allSettled([change(), change(), change()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'STACK603' });
  });
});
