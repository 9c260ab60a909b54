import type { Routine, SchemaCache } from '../cache/model.ts';
import type { DatabasePlan } from '../compile/transaction.ts';
import { beginStatement } from '../session/settings.ts';

const strictest = ['serializable', 'repeatable read', 'read committed', 'read uncommitted'];

/** The opening statement of a batch: the strictest isolation any step asks for, and writing if any step writes. */
export function beginBatch(
  role: string,
  plans: readonly DatabasePlan[],
  cache: SchemaCache,
): { readonly text: string; readonly readOnly: boolean } {
  const readOnly = plans.every((plan) => plan.kind === 'read' || (plan.kind === 'call' && plan.readOnly));
  const routines = plans.flatMap((plan): Routine[] => (plan.kind === 'call' ? [plan.routine] : []));
  const own = cache.roles.get(role)?.isolation?.toLowerCase();
  const asked = [own, ...routines.map(({ isolation }) => isolation?.toLowerCase())];
  const level = strictest.find((name) => asked.includes(name));
  const routine = routines.find(({ isolation }) => isolation?.toLowerCase() === level);
  const begin = beginStatement(role, level === own ? undefined : routine, cache) ?? 'begin';
  return { text: `${begin} read ${readOnly ? 'only' : 'write'}`, readOnly };
}
