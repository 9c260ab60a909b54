import { useQuery } from '@tanstack/react-query';
import { studio } from '../../data/client.ts';
import { runSql } from '../../data/sql.ts';
import { queries, replication, type StatementOrder } from './sql.ts';

/** Something the advisors found. */
export interface Finding {
  readonly name: string;
  readonly title: string;
  readonly level: 'ERROR' | 'WARN' | 'INFO';
  readonly categories: readonly ('SECURITY' | 'PERFORMANCE')[];
  readonly description: string;
  readonly detail: string;
  readonly cache_key: string;
  /** SQL that mends it; null where a person has to decide. */
  readonly fix: string | null;
}

/** Key of the findings among what was loaded. */
export const findingsKey = ['lints'];

/** All findings, the worst first. */
export const useFindings = () =>
  useQuery({ queryKey: findingsKey, queryFn: () => studio<readonly Finding[]>('/lints') });

/** A statement as pg_stat_statements counts it; times in milliseconds. */
export interface Statement {
  readonly id: string;
  readonly query: string;
  readonly role: string | null;
  readonly calls: number;
  readonly total: number;
  readonly mean: number;
  readonly longest: number;
  readonly rows: number;
  /** Part of the pages that were in memory, 0 to 1; null where none was read. */
  readonly cached: number | null;
}

/** The statements that take the most; undefined where nothing counts them. */
export const useStatements = (order: StatementOrder) =>
  useQuery({
    queryKey: ['statements', order],
    queryFn: async ({ signal }) => {
      const [there] = await runSql<{ installed: boolean }>(queries.installed, signal);
      return there?.installed ? runSql<Statement>(queries.list(order), signal) : null;
    },
  });

/** A replication slot. */
export interface Slot {
  readonly name: string;
  readonly plugin: string | null;
  readonly active: boolean;
  readonly status: string | null;
  /** Bytes of log it keeps from being removed. */
  readonly kept: number | null;
}

/** Slots, with what they keep; looked at again every five seconds. */
export const useSlots = () =>
  useQuery({
    queryKey: ['slots'],
    queryFn: ({ signal }) => runSql<Slot>(replication, signal),
    refetchInterval: 5_000,
  });
