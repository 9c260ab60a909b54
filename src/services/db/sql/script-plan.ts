import { ScriptError, type Statement, splitStatements } from './split-statements.ts';

/** How a script is to be run. */
export interface ScriptPlan {
  /** Statements to send, in order. */
  readonly run: readonly Statement[];
  /** All statements, for the history. */
  readonly statements: readonly Statement[];
  /**
   * `ours`: all in one transaction together with the history entry. `theirs`: the script opens and ends transactions
   * itself. `none`: every statement on its own, since PostgreSQL refuses them inside a transaction.
   */
  readonly transaction: 'ours' | 'theirs' | 'none';
}

const openers = new Set(['begin', 'start']);
const closers = new Set(['commit', 'end']);
const control = new Set(['begin', 'start', 'commit', 'end', 'abort']);

/**
 * Decides how a script is run. A BEGIN in front and a COMMIT at the end are left out, so that the script and its
 * history entry become one transaction.
 *
 * @throws ScriptError when the script cannot be split, or mixes statements that need no transaction with others
 */
export function planScript(script: string): ScriptPlan {
  const statements = splitStatements(script);
  const alone = statements.filter(needsNoTransaction);
  if (alone.length > 0) {
    const other = statements.find((statement) => !needsNoTransaction(statement) && !isSessionSetting(statement));
    const first = alone[0] as Statement;
    if (other !== undefined) {
      const what = first.words.slice(0, 2).join(' ').toUpperCase();
      throw new ScriptError(
        `${what} … cannot run inside a transaction; put it into a file without other statements`,
        first.headLine,
      );
    }
    return { run: statements, statements, transaction: 'none' };
  }
  const inner = isWrapped(statements) ? statements.slice(1, -1) : statements;
  if (inner.some(isTransactionControl)) return { run: statements, statements, transaction: 'theirs' };
  return { run: inner, statements, transaction: 'ours' };
}

function isWrapped(statements: readonly Statement[]): boolean {
  const first = statements.at(0);
  const last = statements.at(-1);
  return (
    statements.length > 1 &&
    openers.has(first?.words[0] ?? '') &&
    // Options such as an isolation level are the script's own affair.
    !first?.words.some((word) => ['isolation', 'read', 'deferrable'].includes(word)) &&
    closers.has(last?.words[0] ?? '') &&
    !last?.words.includes('chain')
  );
}

function isTransactionControl({ words }: Statement): boolean {
  const [first = '', second] = words;
  if (first === 'rollback') return !words.includes('to');
  return control.has(first) || (first === 'prepare' && second === 'transaction');
}

function isSessionSetting({ words: [first = '', second] }: Statement): boolean {
  return (first === 'set' && second !== 'local') || first === 'reset';
}

/** Statements that PostgreSQL refuses inside a transaction block (its reference pages say so one by one). */
function needsNoTransaction({ words }: Statement): boolean {
  const [first = '', second = ''] = words;
  const concurrently = words.includes('concurrently');
  switch (first) {
    case 'vacuum':
      return true;
    case 'create':
      return second === 'database' || second === 'tablespace' || (concurrently && words.includes('index'));
    case 'drop':
      return second === 'database' || second === 'tablespace' || (concurrently && second === 'index');
    case 'alter':
      return second === 'system' || (concurrently && words.includes('detach'));
    case 'reindex':
      return concurrently || second === 'database' || second === 'system' || second === 'schema';
    case 'cluster':
      return words.length === 1;
    case 'discard':
      return second === 'all';
    default:
      return false;
  }
}
