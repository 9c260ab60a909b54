import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { runSql } from '../data/sql.ts';
import { type GuardedTable, listColumnNames, listGuardedTables, listPolicies, type Policy } from '../sql/policies.ts';

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
