import { describe, expect, test } from 'vitest';
import type { Policy } from './policies.ts';
import { applicable, decide, type Ground, groundOf, type SimulatedRequest, simulation } from './simulate.ts';

const policy = (name: string, more: Partial<Policy> = {}): Policy => ({
  schema: 'public',
  table: 'todos',
  name,
  command: 'all',
  permissive: true,
  roles: ['public'],
  using: 'true',
  check: '',
  ...more,
});
const request: SimulatedRequest = {
  schema: 'public',
  table: 'todos',
  as: { kind: 'anon' },
  attempt: 'select',
  values: {},
};
const ground: Ground = { rls: true, bypasses: false, granted: true, roles: ['anon'] };

describe('which policies have a say', () => {
  const policies = [
    policy('all'),
    policy('reads', { command: 'select' }),
    policy('adds', { command: 'insert' }),
    policy('changes', { command: 'update' }),
    policy('others', { roles: ['authenticated'] }),
    policy('elsewhere', { table: 'notes' }),
  ];
  const names = (attempt: SimulatedRequest['attempt']) =>
    applicable(policies, { ...request, attempt }, ['anon']).map(({ name }) => name);

  test('those for the command and the role, and for finding rows that are changed', () => {
    expect(names('select')).toEqual(['all', 'reads']);
    expect(names('insert')).toEqual(['all', 'adds']);
    expect(names('update')).toEqual(['all', 'reads', 'changes']);
    expect(names('delete')).toEqual(['all', 'reads']);
  });
});

describe('what becomes of a row', () => {
  const judged = (using: boolean[], check: boolean[] = using) => ({ row: {}, using, check });

  test('one permissive policy has to agree', () => {
    const two = [policy('a'), policy('b')];
    expect(decide(ground, 'select', two, judged([false, true]))).toMatchObject({ allowed: true, by: ['b'] });
    expect(decide(ground, 'select', two, judged([false, false])).because).toBe('no policy agrees to read it');
    expect(decide(ground, 'select', [], judged([])).allowed).toBe(false);
  });

  test('no restrictive one may refuse, and one alone lets nobody in', () => {
    const restrictive = policy('only at work', { permissive: false });
    expect(decide(ground, 'select', [policy('a'), restrictive], judged([true, false])).because).toBe(
      '“only at work” refuses to read it',
    );
    expect(decide(ground, 'select', [restrictive], judged([true])).allowed).toBe(false);
  });

  test('an update finds the row, may change it, and is judged by what it becomes', () => {
    const steps = [policy('reads', { command: 'select' }), policy('changes', { command: 'update' })];
    expect(decide(ground, 'update', steps, judged([true, true]))).toMatchObject({ by: ['reads', 'changes'] });
    expect(decide(ground, 'update', steps, judged([false, true])).because).toBe('no policy agrees to find it');
    expect(decide(ground, 'update', steps, judged([true, false])).because).toBe('no policy agrees to change it');
    expect(decide(ground, 'update', steps, judged([true, true], [true, false])).because).toBe(
      'no policy agrees for what it becomes',
    );
  });

  test('grants come first, and some roles and tables ask no policy', () => {
    expect(decide({ ...ground, granted: false, bypasses: true }, 'insert', [], judged([])).because).toContain('GRANT');
    expect(decide({ ...ground, bypasses: true }, 'insert', [], judged([])).allowed).toBe(true);
    expect(decide({ ...ground, rls: false }, 'delete', [], judged([])).allowed).toBe(true);
  });
});

test('the transaction is rolled back, and values are values', () => {
  const sql = simulation({ ...request, attempt: 'insert', values: { 'ti"tle': "it's" } }, [
    policy('a', { using: 'x -- y' }),
  ]);
  expect(sql).toMatch(/^begin;\n/);
  expect(sql).toMatch(/\nrollback;$/);
  expect(sql).toContain(`("ti""tle") select (g)."ti""tle" from`);
  expect(sql).toContain(`'{"ti\\\\"tle":"it''s"}'::jsonb`);
  expect(sql).toContain('coalesce((x -- y\n), false)');
  expect(simulation({ ...request, attempt: 'insert' }, [])).toContain('default values returning *');
  expect(groundOf({ ...request, table: "o'x" })).toContain(`'"public"."o''x"'::regclass`);
});
