import type { SchemaCache } from '../cache/model.ts';
import type { RestConfig } from '../config.ts';
import type { BodyFormat } from '../plan/media.ts';
import type { CallRequestPlan, CountWish, ReadRequestPlan, WriteRequestPlan } from '../plan/request-plan.ts';
import { beginStatement, type SessionFacts, settingsStatement } from '../session/settings.ts';
import type { Statement } from './parameters.ts';
import {
  type CountRequest,
  callStatement,
  explainStatement,
  planCountStatement,
  preRequestStatement,
  readStatement,
  writeStatement,
} from './statement.ts';

/** A transaction as it is sent: everything is known before its first statement runs. */
export interface CompiledTransaction {
  readonly role: string;
  /** Undefined where nothing has to be said that the session's defaults do not say. */
  readonly begin: string | undefined;
  readonly steps: readonly Statement[];
  /** A read: it holds up nobody but by its own duration. */
  readonly isRead: boolean;
  /** Place of the statement whose row is the answer. */
  readonly main: number;
  /** Place of the planner's count, if there is one. */
  readonly planned: number | undefined;
}

/** Plans that need the database. */
export type DatabasePlan = ReadRequestPlan | WriteRequestPlan | CallRequestPlan;

const nothing: BodyFormat = { kind: 'none' };

/** Makes the transaction of a plan. */
export function compileTransaction(
  plan: DatabasePlan,
  facts: SessionFacts,
  cache: SchemaCache,
  config: RestConfig,
): CompiledTransaction {
  const { role } = facts.caller;
  const routine = plan.kind === 'call' ? plan.routine : undefined;
  const readOnly = plan.kind === 'read' || (plan.kind === 'call' && plan.readOnly);
  const steps = [settingsStatement(facts, readOnly, cache, config)];
  if (config.preRequest) steps.push(preRequestStatement(config.preRequest.schema, config.preRequest.name));
  const main = steps.length;
  const statement = mainStatement(plan, config);
  const { explain } = plan.media;
  steps.push(explain === undefined ? { ...statement, raw: true } : explainStatement(statement, explain));
  const planned = plan.kind === 'read' && needsPlanner(plan.count) && !explain ? steps.length : undefined;
  if (planned !== undefined && plan.kind === 'read') steps.push(planCountStatement(plan.level));
  return { role, begin: beginStatement(role, routine, cache), steps, main, planned, isRead: plan.kind === 'read' };
}

const needsPlanner = (count: CountWish): boolean => count === 'planned' || count === 'estimated';

function mainStatement(plan: DatabasePlan, config: RestConfig): Statement {
  switch (plan.kind) {
    case 'read':
      return readStatement(
        plan.level,
        plan.headersOnly ? nothing : plan.media.format,
        countRequest(plan.count, config),
      );
    case 'write':
      return writeStatement(plan.write, plan.write.shape === undefined ? nothing : plan.media.format);
    case 'call': {
      const hasBody = !plan.headersOnly && !plan.routine.returns.isVoid;
      const count = plan.count === undefined ? undefined : { countUpTo: undefined };
      return callStatement(plan.call, hasBody ? plan.media.format : nothing, count);
    }
  }
}

/** An estimate counts no further than to know that there is more than one answer holds. */
function countRequest(count: CountWish, { maxRows }: RestConfig): CountRequest | undefined {
  if (count === undefined || count === 'planned') return undefined;
  return { countUpTo: count === 'estimated' && maxRows !== undefined ? maxRows + 1 : undefined };
}
