import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { room } from '../../../data/client.ts';
import { runSql } from '../../../data/sql.ts';
import {
  countUsers,
  type ListedUser,
  listUsers,
  type UserCursor,
  type UserQuery,
  type WholeUser,
  wholeUser,
} from '../../../sql/users.ts';

const pageSize = 50;
/** Counting stops here. */
export const countBound = 10_001;
const key = ['users'];

/** Users, a page at a time, the newest first. */
export const useUsers = (query: UserQuery) =>
  useInfiniteQuery({
    queryKey: [...key, 'list', query],
    queryFn: ({ pageParam, signal }) => runSql<ListedUser>(listUsers(query, pageParam, pageSize), signal),
    initialPageParam: undefined as UserCursor | undefined,
    getNextPageParam: (last: readonly ListedUser[]) => (last.length < pageSize ? undefined : last.at(-1)),
  });

/** How many there are, up to `countBound`. */
export const useUserCount = (query: UserQuery) =>
  useQuery({
    queryKey: [...key, 'count', query],
    queryFn: async ({ signal }) =>
      (await runSql<{ count: number }>(countUsers(query, countBound), signal))[0]?.count ?? 0,
  });

/** One user; null when there is none of that id. */
export const useUser = (id: string) =>
  useQuery({
    queryKey: [...key, 'one', id],
    queryFn: async ({ signal }) => (await runSql<WholeUser>(wholeUser(id), signal))[0] ?? null,
  });

/** Something done to users, after which all that is shown of them is asked for again. */
export function useUserChange<Given = void>(change: (given: Given) => Promise<unknown>, done: (given: Given) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (_answer, given) => {
      await client.invalidateQueries({ queryKey: key });
      done(given);
    },
  });
}

/** Asks auth to change a user. */
export const putUser = (id: string, body: Readonly<Record<string, unknown>>): Promise<unknown> =>
  room('auth', `/admin/users/${id}`, { method: 'PUT', body });
