import type { ScriptAsk } from '../data/sql.ts';
import { type ActAs, actAsSql } from './act-as.ts';
import { type Statement, statementsOf, withLimit, wordsOf } from './statements.ts';

/** A script that can be sent, with where each of its statements stands in the operator's text. */
export interface PlannedScript extends ScriptAsk {
  readonly places: readonly Statement[];
}

const control = /^(begin|start|commit|end|rollback|abort|savepoint|release)$/;

// What PostgreSQL refuses within a transaction ("cannot run inside a transaction block").
function standsAlone(words: readonly string[]): boolean {
  const [first, second] = words;
  if (first === 'vacuum' || words.includes('concurrently')) return true;
  if (first === 'alter') return second === 'system';
  if (first === 'create' || first === 'drop') return /^(database|tablespace|subscription)$/.test(second ?? '');
  return first === 'reindex' && /^(database|system)$/.test(second ?? '');
}

/**
 * How an operator's statements are sent. They are one transaction unless they say themselves where one begins and ends, or hold
 * something that cannot be in one.
 *
 * @param limit rows that plain queries give at most; 0: all
 * @throws Error where they cannot be run as somebody else
 */
export function scriptOf(sql: string, limit: number, as: ActAs | undefined): PlannedScript {
  const places = statementsOf(sql);
  const words = places.map(wordsOf);
  const alone = words.some((each) => control.test(each[0] ?? '') || standsAlone(each));
  // After a COMMIT of their own the rest would run with the operator's rights.
  if (as && alone)
    throw new Error(
      'As somebody else everything runs in one transaction: leave out what begins or ends one, or cannot be in one',
    );
  return {
    places,
    statements: places.map(({ text }) => (limit > 0 ? withLimit(text, limit) : text)),
    before: actAsSql(as),
    together: as !== undefined || (places.length > 1 && !alone),
  };
}
