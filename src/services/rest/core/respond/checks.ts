import { restError } from '../../errors.ts';
import type { DatabasePlan } from '../compile/transaction.ts';
import type { Preferences } from '../request/preferences.ts';
import type { ResultRow } from './result.ts';

/** Whether a result has to be looked at before it may be committed. */
export function needsCheck(plan: DatabasePlan, preferences: Preferences): boolean {
  if (plan.media.explain !== undefined) return false;
  if (plan.kind === 'read') return false;
  return isSingular(plan) || isBounded(plan, preferences) || (plan.kind === 'write' && plan.action === 'upsert');
}

/** Refuses results that are not what was asked for. @throws PGRST115, PGRST116, PGRST124 */
export function checkResult(plan: DatabasePlan, preferences: Preferences, { rows }: ResultRow): void {
  if (plan.kind === 'write' && plan.action === 'upsert' && rows !== 1) throw restError('PGRST115');
  if (isBounded(plan, preferences) && rows > (preferences.maxAffected as number))
    throw restError('PGRST124', { details: `The query affects ${rows} rows` });
  if (isSingular(plan) && rows !== 1) throw restError('PGRST116', { details: `The result contains ${rows} rows` });
}

/** A single object was asked for; a value that is no row is always one. */
function isSingular(plan: DatabasePlan): boolean {
  if (plan.media.format.kind !== 'object') return false;
  return plan.kind !== 'call' || plan.call.result !== 'value';
}

function isBounded(plan: DatabasePlan, { handling, maxAffected }: Preferences): boolean {
  if (handling !== 'strict' || maxAffected === undefined) return false;
  return plan.kind === 'call' || (plan.kind === 'write' && (plan.action === 'update' || plan.action === 'delete'));
}
