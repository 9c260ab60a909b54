import { expect, it } from 'vitest';
import { createSeats } from './seats.ts';

it('lets so many in at once, the next in the order they came, and no more than may wait', async () => {
  const seats = createSeats(1, 2);
  const first = await seats.take();
  const order: string[] = [];
  const waiting = ['second', 'third'].map(async (name) => {
    const give = await seats.take();
    order.push(name);
    give();
  });
  await expect(seats.take()).rejects.toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  first();
  // Giving back twice lets nobody in twice.
  first();
  await Promise.all(waiting);
  expect(order).toEqual(['second', 'third']);
  await expect(seats.take()).resolves.toBeTypeOf('function');
});
