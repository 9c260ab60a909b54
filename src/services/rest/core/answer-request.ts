import type { CancelSignal, Database, StepResult } from '#kernel/sql';
import { restError } from '../errors.ts';
import type { SchemaCache } from './cache/model.ts';
import { compileTransaction, type DatabasePlan } from './compile/transaction.ts';
import { configOf, type RestConfig } from './config.ts';
import { checkCost, checkQuery, checkTarget, costOnly } from './guards.ts';
import { describe } from './openapi/describe.ts';
import { planRequest } from './plan/plan-request.ts';
import type { CountWish } from './plan/request-plan.ts';
import { type ApiRequest, parseRequest, type RawRequest } from './request/api-request.ts';
import type { Answer } from './respond/answer.ts';
import { checkResult, needsCheck } from './respond/checks.ts';
import { allowedMethods } from './respond/options.ts';
import { applyResponseSettings } from './respond/response-settings.ts';
import { plannedRows, type ResultRow, resultRow } from './respond/result.ts';
import { answerTo, explainAnswer } from './respond/success.ts';
import type { Timer } from './respond/timing.ts';
import { runTransaction } from './run.ts';
import type { Caller } from './session/authenticate.ts';
import { cookiesJson, headersJson, type RequestHeaders } from './session/request-facts.ts';
import type { SessionFacts } from './session/settings.ts';
import type { Snapshot } from './snapshot.ts';

/** What answering needs besides the request. */
export interface AnswerTools {
  readonly database: Database;
  readonly prepare: boolean;
  readonly retries: number;
  /** Host, port and scheme the request was sent to, for the OpenAPI description. */
  readonly baseUrl: () => string;
  readonly timer: Timer;
  /** Undefined: statements are not logged. */
  readonly logQuery: ((sql: string) => void) | undefined;
  readonly signal: CancelSignal;
}

/**
 * Answers one request: text → request → plan → transaction → answer.
 *
 * @throws anything; see `failureOf`
 */
export async function answerRequest(
  raw: RawRequest,
  headers: RequestHeaders,
  caller: Caller,
  snapshot: Snapshot,
  tools: AnswerTools,
): Promise<Answer> {
  const { cache } = snapshot;
  if (cache === undefined) throw restError('PGRST002');
  const config = configOf(snapshot.config, caller.role);
  checkTarget(raw.path, raw.query, config);
  const request = parseRequest(raw, {
    schemas: cache.schemas,
    maxDepth: config.maxDepth,
    isTimezone: (name) => cache.timezones.has(name),
    rootRoutine: config.rootSpec,
    describesRoot: config.openapiMode !== 'disabled',
  });
  checkQuery(request.query, config);
  tools.timer.end('parse');
  const plan = planRequest(request, cache, config);
  tools.timer.end('plan');
  const facts: SessionFacts = {
    caller,
    schema: request.schema,
    method: raw.method,
    path: raw.path,
    headers: headersJson(headers),
    cookies: cookiesJson(raw.header('cookie')),
    timezone: request.preferences.timezone,
    routine: plan.kind === 'call' ? plan.routine : undefined,
  };
  switch (plan.kind) {
    case 'options':
      return allowedMethods(plan.resource, request.schema, cache);
    case 'describe':
      return describe(request, plan.headersOnly, facts, cache, config, tools);
    default:
      return runPlan(request, plan, facts, cache, config, tools);
  }
}

async function runPlan(
  request: ApiRequest,
  plan: DatabasePlan,
  facts: SessionFacts,
  cache: SchemaCache,
  config: RestConfig,
  { database, prepare, retries, signal, timer, logQuery }: AnswerTools,
): Promise<Answer> {
  const transaction = compileTransaction(plan, facts, cache, config);
  const { main, planned } = transaction;
  logQuery?.(transaction.steps[main]?.text ?? '');
  const { preferences } = request;
  const rowOf = (results: readonly StepResult[]): ResultRow => resultRow(results[main]?.cells?.[0] ?? []);
  const check = needsCheck(plan, preferences)
    ? (results: readonly StepResult[]) => checkResult(plan, preferences, rowOf(results))
    : undefined;
  const end = endOf(request, config);
  if (config.maxCost !== undefined && plan.media.explain === undefined) {
    const asked = { end: 'rollback', check: undefined, prepare, retries, signal } as const;
    checkCost((await runTransaction(database, costOnly(transaction), asked))[1], config.maxCost);
  }
  const results = await runTransaction(database, transaction, { end, check, prepare, retries, signal });
  timer.end('transaction');
  if (plan.media.explain !== undefined)
    return explainAnswer(
      plan,
      (results[main]?.rows ?? []).map((cells) => cells[0] ?? ''),
    );
  const row = withTotal(rowOf(results), plan, results[planned ?? -1], config);
  // Nothing was changed, so a read may be judged when it is over.
  if (plan.kind === 'read') checkResult(plan, preferences, row);
  return applyResponseSettings(answerTo(request, plan, row, config), row);
}

function endOf({ preferences: { tx } }: ApiRequest, { transactionEnd }: RestConfig): 'commit' | 'rollback' {
  if (tx !== undefined && transactionEnd.allowsOverride) return tx;
  return transactionEnd.commits ? 'commit' : 'rollback';
}

/** The total as it was asked for: counted, expected, or counted as far as it is worth it. */
export function withTotal(
  row: ResultRow,
  plan: DatabasePlan,
  planned: StepResult | undefined,
  { maxRows }: RestConfig,
): ResultRow {
  if (plan.kind !== 'read' || planned === undefined) return row;
  const expected = plannedRows(planned.rows.map((cells) => cells[0] ?? '').join('\n'));
  return { ...row, total: totalOf(plan.count, row.total ?? 0, expected, maxRows) };
}

function totalOf(count: CountWish, counted: number, expected: number, maxRows: number | undefined): number {
  if (count === 'planned') return expected;
  return maxRows === undefined || counted > maxRows ? Math.max(counted, expected) : counted;
}
