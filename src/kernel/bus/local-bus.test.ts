import { expect, test } from 'vitest';
import { createLocalBus } from './local-bus.ts';

const refuse = (error: unknown): void => {
  throw error;
};

test('a message reaches every subscriber of its subject, in order, and nobody else', () => {
  const bus = createLocalBus(refuse);
  const seen: string[] = [];
  bus.subscribe('a', (payload) => seen.push(`first ${payload}`));
  bus.subscribe('a', (payload) => seen.push(`second ${payload}`));
  bus.subscribe('a.b', () => seen.push('other'));
  bus.publish('a', 1);
  bus.publish('a', 2);
  bus.publish('nobody', 3);
  expect(seen).toEqual(['first 1', 'second 1', 'first 2', 'second 2']);
});

test('a subscriber that throws is reported and keeps nobody from the message', () => {
  const errors: unknown[] = [];
  const bus = createLocalBus((error, subject) => errors.push([subject, error]));
  const failure = new Error('no');
  let reached = false;
  bus.subscribe('a', () => {
    throw failure;
  });
  bus.subscribe('a', () => {
    reached = true;
  });
  bus.publish('a', null);
  expect(reached).toBe(true);
  expect(errors).toEqual([['a', failure]]);
});

test('a subscription ends once, and ends only itself', () => {
  const bus = createLocalBus(refuse);
  let count = 0;
  const handler = () => {
    count++;
  };
  const endFirst = bus.subscribe('a', handler);
  const endSecond = bus.subscribe('a', handler);
  bus.publish('a', null);
  expect(count).toBe(2);
  endFirst();
  bus.publish('a', null);
  expect(count).toBe(3);
  endSecond();
  bus.subscribe('a', handler);
  endFirst();
  endSecond();
  bus.publish('a', null);
  expect(count).toBe(4);
});

test('subscribing or ending while a message is on its way does not disturb it', () => {
  const bus = createLocalBus(refuse);
  const seen: string[] = [];
  const end = bus.subscribe('a', () => {
    end();
    bus.subscribe('a', () => seen.push('late'));
    seen.push('first');
  });
  bus.subscribe('a', () => seen.push('second'));
  bus.publish('a', null);
  expect(seen).toEqual(['first', 'second']);
});
