import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { studio } from '../../data/client.ts';
import type { Role } from '../../data/session.ts';

/** An account of the dashboard. */
export interface Operator {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly fromSettings: boolean;
  readonly secondFactor: boolean;
  readonly createdAt: string;
}

/** An entry of the audit log. */
export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly operator: string;
  readonly action: string;
  readonly target: string;
  readonly address: string;
}

const key = ['operators'];

/** All operators. */
export const useOperators = () => useQuery({ queryKey: key, queryFn: () => studio<Operator[]>('/operators') });

/** Something done to operators, after which the list is asked for again. */
export function useOperatorChange<T>(change: (given: T) => Promise<unknown>, done: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: key });
      done();
    },
  });
}

/** The audit log, a page at a time. */
export const useAudit = () =>
  useInfiniteQuery({
    queryKey: ['audit'],
    queryFn: ({ pageParam }) => studio<AuditEntry[]>(`/audit${pageParam === null ? '' : `?before=${pageParam}`}`),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => (last.length < 100 ? undefined : last.at(-1)?.id),
  });
