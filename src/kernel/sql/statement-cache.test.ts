import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StatementCache } from './statement-cache.ts';

test('a statement is new once, and then known by the same name', () => {
  const cache = new StatementCache(10);
  const first = cache.acquire('anon', 'select 1');
  expect(first.isNew).toBe(true);
  expect(cache.acquire('anon', 'select 1')).toEqual({ name: first.name, isNew: false });
});

test('a role never gets the statement of another', () => {
  const cache = new StatementCache(10);
  const names = [
    ['anon', 'b'],
    ['authenticated', 'b'],
    ['', 'anonb'],
    ['an', 'onb'],
  ].map(([role, text]) => cache.acquire(role as string, text as string));
  expect(names.every(({ isNew }) => isNew)).toBe(true);
  expect(new Set(names.map(({ name }) => name)).size).toBe(4);
});

test('what was not used for longest goes first, and is closed on the server once', () => {
  const cache = new StatementCache(2);
  const [a] = [cache.acquire('r', 'a'), cache.acquire('r', 'b')];
  cache.acquire('r', 'a');
  cache.acquire('r', 'c');
  expect(cache.acquire('r', 'a')).toEqual({ name: a.name, isNew: false });
  expect(cache.takeClosable()).toHaveLength(1);
  expect(cache.takeClosable()).toEqual([]);
});

test('a forgotten statement is closed, parsed anew, and under another name', () => {
  const cache = new StatementCache(2);
  const first = cache.acquire('r', 'a');
  cache.forget('r', 'a');
  cache.forget('r', 'never known');
  expect(cache.takeClosable()).toEqual([first.name]);
  const second = cache.acquire('r', 'a');
  expect(second.isNew).toBe(true);
  expect(second.name).not.toBe(first.name);
});

// The model: what the server holds, seen through Parse and Close alone.
test('stays within its bound, shares nothing, and never uses what it closed', () => {
  const role = fc.constantFrom('anon', 'authenticated', 'service_role');
  const text = fc.constantFrom('a', 'b', 'c', 'd');
  const command = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('acquire' as const), role, text }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('forget' as const), role, text }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), role, text }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('write' as const), role, text }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(command, { maxLength: 60 }), (limit, commands) => {
      const cache = new StatementCache(limit);
      const server = new Map<string, string>();
      const closed = new Set<string>();
      const write = () => {
        for (const name of cache.takeClosable()) {
          expect(closed.has(name)).toBe(false);
          closed.add(name);
          server.delete(name);
        }
      };
      for (const { kind, role, text } of commands) {
        if (kind === 'write') write();
        if (kind === 'forget') cache.forget(role, text);
        if (kind === 'clear') cache.clear();
        if (kind === 'acquire') {
          const { name, isNew } = cache.acquire(role, text);
          const owner = `${role} ${text}`;
          expect(closed.has(name)).toBe(false);
          expect(server.has(name)).toBe(!isNew);
          if (!isNew) expect(server.get(name)).toBe(owner);
          server.set(name, owner);
        }
        expect(cache.size).toBeLessThanOrEqual(limit);
      }
      write();
      expect(server.size).toBe(cache.size);
    }),
  );
});
