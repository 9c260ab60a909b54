import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressOf, identities, joinPayload, objectOf, readWish, type Wish } from './wish.ts';

const usual = readWish(new URLSearchParams());

it('the address says everything that is asked for', () => {
  expect(addressOf(usual)).toBe('/realtime');
  const text = fc.string({ maxLength: 30 });
  const wish = fc.record<Wish>({
    topic: text,
    isPrivate: fc.boolean(),
    identity: fc.constantFrom(...identities),
    self: fc.boolean(),
    presence: fc.boolean(),
    table: text,
    event: fc.constantFrom('*', 'INSERT', 'UPDATE', 'DELETE'),
    filter: text,
  });
  fc.assert(
    fc.property(wish, (given) => {
      expect(readWish(new URL(addressOf(given), 'http://localhost').searchParams)).toEqual(given);
    }),
  );
});

it('joins as asked', () => {
  expect(joinPayload(usual, undefined)).toEqual({
    config: {
      broadcast: { self: true, ack: true },
      presence: { enabled: true, key: '' },
      private: false,
      postgres_changes: [],
    },
  });
  const changes = (wish: Partial<Wish>) =>
    (joinPayload({ ...usual, ...wish }, 't') as { config: { postgres_changes: unknown } }).config.postgres_changes;
  expect(changes({ table: '*', filter: 'id=eq.1' })).toEqual([{ event: '*', schema: '*' }]);
  expect(changes({ table: 'public.a.b', event: 'INSERT', filter: ' id=eq.1 ' })).toEqual([
    { event: 'INSERT', schema: 'public', table: 'a.b', filter: 'id=eq.1' },
  ]);
  expect(joinPayload(usual, 't')).toHaveProperty('access_token', 't');
});

it('takes JSON objects alone', () => {
  expect(objectOf('{"a":1}')).toEqual({ value: { a: 1 } });
  for (const text of ['', '{', '1', 'null', '[]']) expect(objectOf(text)).toHaveProperty('problem');
});
