import { expect, test } from 'vitest';
import { type CpuProfile, hotFunctions, renderSummary } from './summary.ts';

const node = (
  id: number,
  functionName: string,
  children: number[] = [],
  url = `file:///clone/src/${functionName}.ts`,
) => ({
  id,
  callFrame: { functionName, url, lineNumber: 9 },
  children,
});

const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', [2, 5], ''),
    node(2, 'serve', [3]),
    node(3, 'plan', [4]),
    node(4, 'plan'),
    node(5, '(idle)', [], ''),
  ],
  samples: [2, 3, 4, 4, 5],
  timeDeltas: [1_000, 2_000, 3_000, 4_000, 90_000],
};

test('time is counted once per function, idle time not at all', () => {
  expect(hotFunctions(profile, '/clone/')).toEqual([
    { name: 'plan', place: 'src/plan.ts:10', self: 9, total: 9 },
    { name: 'serve', place: 'src/serve.ts:10', self: 1, total: 10 },
  ]);
});

test('the summary shows shares of the busy time', () => {
  expect(renderSummary(hotFunctions(profile, '/clone/'), 1)).toEqual([
    '   self    total  function',
    ' 90.0 %   90.0 %  plan  src/plan.ts:10',
  ]);
});
