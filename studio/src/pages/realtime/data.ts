import { useQuery } from '@tanstack/react-query';
import { runSql } from '../../data/sql.ts';
import { publishedTables } from '../../sql/realtime.ts';

/** Tables whose changes can be asked for, as `schema.table`. */
export const usePublished = () =>
  useQuery({
    queryKey: ['realtime', 'published'],
    queryFn: async ({ signal }) => (await runSql<{ name: string }>(publishedTables, signal)).map(({ name }) => name),
  });
