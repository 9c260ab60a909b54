import { expect, test } from 'vitest';
import { readPlan } from './plan.ts';

const scan = {
  'Node Type': 'Seq Scan',
  'Relation Name': 'todos',
  'Total Cost': 80,
  'Plan Rows': 5,
  Filter: '(done)',
  'Rows Removed by Filter': 5000,
  'Actual Rows': 2,
  'Actual Loops': 2,
  'Actual Total Time': 3,
};

test('steps are listed from above, with what is their own', () => {
  const plan = readPlan([
    {
      Plan: {
        'Node Type': 'Sort',
        'Sort Key': ['id', 'title'],
        'Total Cost': 100,
        'Plan Rows': 5,
        'Actual Rows': 4,
        'Actual Loops': 1,
        'Actual Total Time': 8,
        Plans: [scan],
      },
      'Planning Time': 0.1,
      'Execution Time': 8.2,
    },
  ]);
  expect(plan).toMatchObject({
    planning: 0.1,
    execution: 8.2,
    nodes: [
      {
        id: '0',
        depth: 0,
        title: 'Sort',
        share: 0.25,
        details: [['Sort Key', 'id, title']],
        actual: { rows: 4, loops: 1, time: 8 },
      },
      { id: '0.0', depth: 1, title: 'Seq Scan on todos', share: 0.75, actual: { time: 6 } },
    ],
  });
  expect(plan?.nodes[1]?.notice).toMatch(/index/);
  expect(plan?.nodes[0]?.notice).toBeUndefined();
});

test('without a run it is the cost that counts', () => {
  const { 'Actual Rows': _, 'Actual Loops': __, 'Actual Total Time': ___, ...planned } = scan;
  const plan = readPlan([
    { Plan: { 'Node Type': 'Nested Loop', 'Join Type': 'Left', 'Total Cost': 100, Plans: [planned] } },
  ]);
  expect(plan?.nodes.map(({ title, share, actual }) => [title, share, actual])).toEqual([
    ['Left Nested Loop', 0.2, undefined],
    ['Seq Scan on todos', 0.8, undefined],
  ]);
  for (const value of [null, [], {}, [{ Plan: 1 }], 'x']) expect(readPlan(value)).toBeUndefined();
});
