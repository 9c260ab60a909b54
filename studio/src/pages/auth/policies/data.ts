import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { runSql } from '../../../data/sql.ts';
import {
  type GuardedTable,
  listColumnNames,
  listGuardedTables,
  listPolicies,
  type Policy,
} from '../../../sql/policies.ts';
import {
  applicable,
  type Ground,
  groundOf,
  type Judged,
  type SimulatedRequest,
  simulation,
} from '../../../sql/simulate.ts';

const key = ['policies'];

/** Tables that clients could reach. */
export const useGuardedTables = () =>
  useQuery({ queryKey: [...key, 'tables'], queryFn: ({ signal }) => runSql<GuardedTable>(listGuardedTables, signal) });

/** All policies. */
export const usePolicies = () =>
  useQuery({ queryKey: [...key, 'list'], queryFn: ({ signal }) => runSql<Policy>(listPolicies, signal) });

/** Columns of a table. */
export const useColumnNames = (schema: string, table: string) =>
  useQuery({
    queryKey: [...key, 'columns', schema, table],
    queryFn: ({ signal }) => runSql<{ name: string; type: string }>(listColumnNames(schema, table), signal),
  });

/** Runs SQL that changes policies, after which they are asked for again. */
export function usePolicyChange(done: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sql: string) => runSql(sql),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: key });
      done();
    },
  });
}

/** What came of a simulated request. */
export interface Simulated {
  readonly request: SimulatedRequest;
  readonly ground: Ground;
  readonly policies: readonly Policy[];
  readonly rows: readonly Judged[];
}

/** Judges a request. Nothing it does stays. */
export const useSimulation = (policies: readonly Policy[]) =>
  useMutation({
    async mutationFn(request: SimulatedRequest): Promise<Simulated> {
      const [ground] = await runSql<Ground>(groundOf(request));
      if (!ground) throw new Error('There is no such table');
      const asked = applicable(policies, request, ground.roles);
      return { request, ground, policies: asked, rows: await runSql<Judged>(simulation(request, asked)) };
    },
  });
