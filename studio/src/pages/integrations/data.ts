import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { runSql } from '../../data/sql.ts';
import { installed } from './sql.ts';

/** Everything these pages load is below this key. */
const root = 'integrations';

/** Rows of a statement. @param enabled false: nothing is asked yet */
export const useRows = <R>(sql: string, enabled = true, refetchInterval: number | false = false) =>
  useQuery({
    queryKey: [root, sql],
    queryFn: ({ signal }) => runSql<R>(sql, signal),
    enabled,
    refetchInterval,
  });

/** Which extensions are installed. */
export const useInstalled = () => useRows<{ readonly name: string }>(installed);

/** Runs a statement that changes something, and loads anew what is shown. */
export function useChange(onDone?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sql: string) => runSql(sql),
    async onSuccess() {
      await client.invalidateQueries({ queryKey: [root] });
      onDone?.();
    },
  });
}
