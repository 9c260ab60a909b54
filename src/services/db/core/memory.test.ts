import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memorySizes } from './memory.ts';

const gigabyte = 1024 ** 3;

test('follows the machine within modest bounds', () => {
  expect(memorySizes('auto', gigabyte / 2)).toEqual({
    sharedBuffers: 32,
    effectiveCache: 256,
    workMem: 4,
    maintenanceWorkMem: 32,
  });
  expect(memorySizes('auto', 4 * gigabyte).sharedBuffers).toBe(256);
  expect(memorySizes('auto', 512 * gigabyte)).toEqual({
    sharedBuffers: 256,
    effectiveCache: 65_536,
    workMem: 16,
    maintenanceWorkMem: 256,
  });
});

test('the low profile never takes more, on any machine', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 2 ** 50, noNaN: true }), (memory) => {
      const low = memorySizes('low', memory);
      const auto = memorySizes('auto', memory);
      for (const size of Object.values(auto)) expect(Number.isInteger(size) && size > 0).toBe(true);
      for (const key of Object.keys(auto) as (keyof typeof auto)[]) expect(low[key]).toBeLessThanOrEqual(auto[key]);
    }),
  );
});
