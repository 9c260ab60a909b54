import { asDatabaseError, type CancelSignal, type Database, type StepResult } from '#kernel/sql';
import type { CompiledTransaction } from './compile/transaction.ts';

/** How a transaction is run. */
export interface RunOptions {
  readonly end: 'commit' | 'rollback';
  /** Looks at the results before the end; what it throws rolls back. Costs a round trip. */
  readonly check: ((results: readonly StepResult[]) => void) | undefined;
  /** False behind a pooler that hands every transaction to another session. */
  readonly prepare: boolean;
  /** Times a transaction is repeated that lost against another. */
  readonly retries: number;
  readonly signal: CancelSignal;
}

// Constraints that were put off to the end would not be looked at without one.
const lookAtConstraints = { text: 'SET CONSTRAINTS ALL IMMEDIATE', values: [] };

/** Runs a compiled transaction in one write, repeating it after serialization failures and deadlocks. */
export async function runTransaction(
  database: Database,
  { role, begin, steps, isRead }: CompiledTransaction,
  { end, check, prepare, retries, signal }: RunOptions,
): Promise<readonly StepResult[]> {
  const all = end === 'rollback' ? [...steps, lookAtConstraints] : steps;
  const sent = prepare ? all : all.map((step) => ({ ...step, prepare: false }));
  const decide = (results: readonly StepResult[]) => {
    check?.(results);
    return end;
  };
  for (let attempt = 0; ; attempt++) {
    try {
      return await database.pipeline({
        role,
        ...(begin !== undefined && { begin }),
        steps: sent,
        end: check === undefined ? end : decide,
        shares: isRead,
        signal,
      });
    } catch (error) {
      if (attempt >= retries || !lostAgainstAnother(error)) throw error;
    }
  }
}

function lostAgainstAnother(error: unknown): boolean {
  const code = asDatabaseError(error)?.code;
  return code === '40001' || code === '40P01';
}
