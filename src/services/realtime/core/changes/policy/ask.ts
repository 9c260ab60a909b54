import { asDatabaseError, type Database, type PipelineStep } from '#kernel/sql';
import { becomeStep, claimsStep, type KeyedTable, readVisible, visibleStep } from '../../../sql/changes/visibility.ts';
import type { Group } from './groups.ts';

/** Keys of rows that a group is asked about. */
export interface Question {
  readonly group: Group;
  readonly keys: readonly (readonly string[])[];
}

/** What asking is told and counts. */
export interface AskContext {
  readonly db: Database;
  /** A run of the executor was made. */
  readonly counted: (runs: number) => void;
  /** A policy failed for a token; that counts as not visible. */
  readonly failed: (error: unknown) => void;
}

/** Runs of the executor in one transaction at most. */
const perTransaction = 500;

/**
 * Asks the database which rows are visible to tokens of one role: one statement for each, all in one write.
 *
 * @returns for each question the indexes of visible keys
 * @throws when the database cannot be asked
 */
export async function askVisible(
  context: AskContext,
  table: KeyedTable,
  role: string,
  questions: readonly Question[],
): Promise<ReadonlySet<number>[]> {
  const parts: Promise<ReadonlySet<number>[]>[] = [];
  for (let at = 0; at < questions.length; at += perTransaction)
    parts.push(ask(context, table, role, questions.slice(at, at + perTransaction)));
  return (await Promise.all(parts)).flat();
}

async function ask(
  context: AskContext,
  table: KeyedTable,
  role: string,
  questions: readonly Question[],
): Promise<ReadonlySet<number>[]> {
  const visible = new Map<Question['keys'], PipelineStep>();
  const steps = questions.flatMap(({ group, keys }, index): PipelineStep[] => {
    const step = visible.get(keys) ?? visibleStep(table, keys);
    visible.set(keys, step);
    return [index === 0 ? becomeStep(role, group.claimsText) : claimsStep(group.claimsText), step];
  });
  try {
    const results = await context.db.pipeline({ role, begin: 'begin', steps, end: 'rollback' });
    context.counted(questions.length);
    return questions.map((_, index) => new Set(readVisible(results[index * 2 + 1]?.rows[0]?.[0])));
  } catch (error) {
    const refused = asDatabaseError(error);
    // Whoever cannot be asked now has to be asked later.
    if (!refused || /^(08|25|40|53|57P|58)/.test(refused.code)) throw error;
    context.counted(questions.length);
    if (questions.length === 1) {
      context.failed(error);
      return [new Set()];
    }
    // A policy fails for one of them; the others are none the worse for it.
    const half = Math.ceil(questions.length / 2);
    const first = await ask(context, table, role, questions.slice(0, half));
    return [...first, ...(await ask(context, table, role, questions.slice(half)))];
  }
}
