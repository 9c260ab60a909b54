import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge, memoryAllowance } from './limits.ts';
import { cpuOfPs, cpuOfStat, memoryOfStatus } from './usage.ts';

const limits = { wallClock: 1_000, cpuSoft: 100, cpuHard: 200, memory: 100 * 1024 ** 2 };
const unused = { age: 0, cpu: 0, memory: 0 };
const all = limits.memory + memoryAllowance;

test.each([
  [unused, { kind: 'fine' }],
  [{ ...unused, age: 499 }, { kind: 'fine' }],
  [{ ...unused, age: 500 }, { kind: 'retire' }],
  [
    { ...unused, age: 900 },
    { kind: 'warn', reason: 'WallClockTime' },
  ],
  [
    { ...unused, age: 1_000 },
    { kind: 'kill', reason: 'WallClockTime' },
  ],
  [{ ...unused, cpu: 100 }, { kind: 'retire' }],
  [
    { ...unused, cpu: 180 },
    { kind: 'warn', reason: 'CPUTime' },
  ],
  [
    { ...unused, cpu: 250 },
    { kind: 'kill', reason: 'CPUTime' },
  ],
  [{ ...unused, memory: all * 0.89 }, { kind: 'fine' }],
  [
    { ...unused, memory: all * 0.95 },
    { kind: 'warn', reason: 'Memory' },
  ],
  [
    { ...unused, memory: all },
    { kind: 'kill', reason: 'Memory' },
  ],
  [
    { age: 950, cpu: 300, memory: all },
    { kind: 'kill', reason: 'CPUTime' },
  ],
])('%j is %j', (usage, judgement) => {
  expect(judge(usage, limits)).toEqual(judgement);
});

test('who uses more is never judged more kindly', () => {
  const order = ['fine', 'retire', 'warn', 'kill'];
  const usage = fc.record({ age: fc.nat(2_000), cpu: fc.nat(400), memory: fc.nat(2 * all) });
  fc.assert(
    fc.property(usage, usage, (a, b) => {
      const sum = { age: a.age + b.age, cpu: a.cpu + b.cpu, memory: a.memory + b.memory };
      expect(order.indexOf(judge(sum, limits).kind)).toBeGreaterThanOrEqual(order.indexOf(judge(a, limits).kind));
    }),
  );
});

test('reads what Linux and ps say', () => {
  expect(cpuOfStat('12 (a ) b (x) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0')).toBe(2_000);
  expect(cpuOfStat('nonsense')).toBeUndefined();
  expect(memoryOfStatus('Name:\tdeno\nRssAnon:\t    2048 kB\nRssFile:\t 1 kB\n')).toBe(2_048 * 1_024);
  expect(memoryOfStatus('')).toBeUndefined();
  expect([cpuOfPs('0:01.50'), cpuOfPs('01:00:00'), cpuOfPs('2-00:00:01')]).toEqual([1_500, 3_600_000, 172_801_000]);
});
