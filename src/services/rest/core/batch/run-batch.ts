import { asDatabaseError, quoteLiteral, type StepResult, type Transaction } from '#kernel/sql';
import { restError } from '../../errors.ts';
import { type AnswerTools, withTotal } from '../answer-request.ts';
import type { SchemaCache } from '../cache/model.ts';
import type { Statement } from '../compile/parameters.ts';
import { type CompiledTransaction, compileTransaction, type DatabasePlan } from '../compile/transaction.ts';
import { insertedCounter } from '../compile/write.ts';
import { configOf, type RestConfig } from '../config.ts';
import { checkCost, checkQuery, checkTarget, costStatement } from '../guards.ts';
import { planRequest } from '../plan/plan-request.ts';
import { type ApiRequest, parseRequest, type RawRequest } from '../request/api-request.ts';
import { parsePreferences } from '../request/preferences.ts';
import type { Answer } from '../respond/answer.ts';
import { checkResult } from '../respond/checks.ts';
import { applyResponseSettings } from '../respond/response-settings.ts';
import { type ResultRow, resultRow } from '../respond/result.ts';
import { answerTo, explainAnswer } from '../respond/success.ts';
import type { Caller } from '../session/authenticate.ts';
import { cookiesJson, headersJson, type RequestHeaders } from '../session/request-facts.ts';
import type { Snapshot } from '../snapshot.ts';
import { batchAnswer, jsonBodyOf } from './batch-answer.ts';
import { type BatchStep, StepError } from './batch-step.ts';
import { beginBatch } from './begin-batch.ts';
import { bindRequest, checkUse, lookupIn, versionFilters } from './bind.ts';
import { type BatchLimits, parseBatch, stepHeaders } from './parse-batch.ts';

/** The batch as it came. */
export interface RawBatch {
  readonly raw: RawRequest;
  readonly headers: RequestHeaders;
  readonly caller: Caller;
}

interface PlannedStep {
  readonly step: BatchStep;
  readonly request: ApiRequest;
  readonly raw: RawRequest;
  readonly plan: DatabasePlan;
}

interface Surroundings extends RawBatch {
  readonly cache: SchemaCache;
  readonly config: RestConfig;
  readonly limits: BatchLimits;
  readonly tools: AnswerTools;
}

/**
 * Runs the requests of a batch in one transaction under the caller's role: all of them, or none.
 *
 * @throws StepError with what went wrong in a step; STACK600 and STACK601 for the batch as a whole
 */
export async function answerBatch(
  batch: RawBatch,
  { cache, config: general }: Snapshot,
  limits: BatchLimits,
  tools: AnswerTools,
): Promise<Answer> {
  if (cache === undefined) throw restError('PGRST002');
  const config = configOf(general, batch.caller.role);
  const around: Surroundings = { ...batch, cache, config, limits, tools };
  const { tx, timezone } = parsePreferences(batch.raw.header('prefer'), (name) => cache.timezones.has(name));
  const planned = parseBatch(batch.raw.body, limits).map((step) => inStep(step, () => planStep(step, around)));
  tools.timer.end('plan');
  const rollsBack =
    tx !== undefined && config.transactionEnd.allowsOverride ? tx === 'rollback' : !config.transactionEnd.commits;
  const begin = beginBatch(
    batch.caller.role,
    planned.map(({ plan }) => plan),
    cache,
  );
  for (let attempt = 0; ; attempt++) {
    try {
      const answers = await runOnce(planned, timezone, begin, rollsBack, around);
      tools.timer.end('transaction');
      return batchAnswer(
        planned.map(({ step }) => step),
        answers,
      );
    } catch (error) {
      const cause = error instanceof StepError ? error.cause : error;
      const code = asDatabaseError(cause)?.code;
      if (attempt >= tools.retries || (code !== '40001' && code !== '40P01')) throw error;
    }
  }
}

function inStep<T>(step: BatchStep, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof StepError ? error : new StepError(step, error);
  }
}

const rulesOf = ({ cache, config }: Surroundings) => ({
  schemas: cache.schemas,
  maxDepth: config.maxDepth,
  isTimezone: (name: string) => cache.timezones.has(name),
  rootRoutine: config.rootSpec,
  describesRoot: config.openapiMode !== 'disabled',
});

/** Reads and plans a step with names in the place of values, to find all that is wrong before anything runs. */
function planStep(step: BatchStep, around: Surroundings): PlannedStep {
  const { method, path, query, headers } = step;
  const own = (name: string) => headers[name] ?? (stepHeaders.has(name) ? undefined : around.raw.header(name));
  const raw: RawRequest = { method, path, query, header: own, body: Buffer.from(step.body) };
  checkTarget(path, query, around.config);
  const request = parseRequest(raw, rulesOf(around));
  checkQuery(request.query, around.config);
  const { preferences, action } = request;
  if (preferences.tx !== undefined || preferences.timezone !== undefined)
    throw restError('STACK600', { details: 'Prefer: tx and timezone are for the batch as a whole' });
  if (step.expectation.version.size > 0 && !hasRows.has(action.kind))
    throw restError('STACK600', { details: 'A version can be expected of GET, PATCH and DELETE on a table' });
  checkUse(step, request);
  const plan = planRequest(request, around.cache, around.config);
  if (plan.kind === 'describe' || plan.kind === 'options')
    throw restError('STACK600', { details: 'A step reads, writes or calls' });
  return { step, request, raw, plan };
}

const hasRows: ReadonlySet<string> = new Set(['read', 'update', 'delete']);
/** Ends a transaction that went well without keeping what it did. */
class RolledBack extends Error {}

async function runOnce(
  planned: readonly PlannedStep[],
  timezone: string | undefined,
  begin: { readonly text: string; readonly readOnly: boolean },
  rollsBack: boolean,
  around: Surroundings,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const bodies: (string | undefined)[] = [];
  let size = 0;
  try {
    await around.tools.database.transaction(async (transaction) => {
      const forget = await forgetStatement(planned, transaction);
      for (const one of planned) {
        if (around.tools.signal.aborted) throw restError('STACK499');
        const answer = await runStep(
          one,
          transaction,
          timezone,
          { isMixed: !begin.readOnly, forget, bodies },
          around,
        ).catch((error: unknown) => {
          throw new StepError(one.step, error);
        });
        answers.push(answer);
        bodies.push(jsonBodyOf(answer));
        size += answer.body?.length ?? 0;
        if (size > around.limits.resultSize)
          throw new StepError(
            one.step,
            restError('STACK601', { details: `The results have more than ${around.limits.resultSize} bytes` }),
          );
      }
      // What was put off to the end is looked at while all can still be undone.
      await transaction.query('SET CONSTRAINTS ALL IMMEDIATE');
      if (rollsBack) throw new RolledBack();
    }, begin.text);
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  return answers;
}

// Set inside a transaction, these would be seen by later steps.
const answerSettings = ['response.headers', 'response.status', insertedCounter];

/** The statement that makes a step see nothing of what those before it have set, those settings of functions included. */
async function forgetStatement(planned: readonly PlannedStep[], transaction: Transaction): Promise<Statement> {
  const hoisted = new Set(
    planned.flatMap(({ plan }) => (plan.kind === 'call' ? plan.routine.hoisted.map(([name]) => name) : [])),
  );
  const names = [...answerSettings, ...hoisted];
  const values: (string | null)[] = answerSettings.map(() => '');
  for (const name of hoisted) {
    const { rows } = await transaction.query<{ value: string | null }>('SELECT current_setting($1, true) AS value', [
      name,
    ]);
    values.push(rows[0]?.value ?? null);
  }
  const list = names.map((name, index) => `set_config(${quoteLiteral(name)}, $${index + 1}, true)`);
  return { text: `SELECT ${list.join(', ')}`, values };
}

/** What a step has to know of its batch. */
interface StepSurroundings {
  /** Some step writes, so that the transaction as a whole can. */
  readonly isMixed: boolean;
  readonly forget: Statement;
  /** Of the steps before. */
  readonly bodies: readonly (string | undefined)[];
}

async function runStep(
  { step, request, raw, plan: first }: PlannedStep,
  transaction: Transaction,
  timezone: string | undefined,
  { isMixed, forget, bodies }: StepSurroundings,
  around: Surroundings,
): Promise<Answer> {
  const { cache, config, caller, headers, tools } = around;
  const lookup = lookupIn(step, bodies);
  const bound = step.bindings.size === 0 ? request : bindRequest(request, lookup);
  const filters = versionFilters(step.expectation, lookup).map((value) => ({ path: [], value }));
  const { query } = bound;
  const guarded =
    filters.length === 0 ? bound : { ...bound, query: { ...query, filters: [...query.filters, ...filters] } };
  const plan = guarded === request ? first : (planRequest(guarded, cache, config) as DatabasePlan);
  const compiled = compileTransaction(
    plan,
    {
      caller,
      schema: request.schema,
      method: step.method,
      path: step.path,
      headers: headersJson({ ...headers, ...step.headers }),
      cookies: cookiesJson(raw.header('cookie')),
      timezone,
      routine: plan.kind === 'call' ? plan.routine : undefined,
    },
    cache,
    config,
  );
  tools.logQuery?.(compiled.steps[compiled.main]?.text ?? '');
  const readOnly = plan.kind === 'read' || (plan.kind === 'call' && plan.readOnly);
  await transaction.query(forget.text, forget.values);
  const results = await runStatements(
    compiled,
    transaction,
    isMixed && readOnly,
    plan.media.explain === undefined ? config.maxCost : undefined,
  );
  const { rows = [], cells = [] } = results[compiled.main] ?? {};
  if (plan.media.explain !== undefined)
    return explainAnswer(
      plan,
      rows.map(([line]) => line ?? ''),
    );
  const row = withTotal(resultRow(cells[0] ?? []), plan, results[compiled.planned ?? -1], config);
  checkResult(plan, request.preferences, row);
  checkExpectation(step, row);
  const answer = answerTo(guarded, plan, row, config);
  if (answer.status === 416) throw restError('PGRST103');
  return applyResponseSettings(answer, row);
}

/** Runs the statements of a step; reads in a transaction that writes get a part of it in which nothing can be written. */
async function runStatements(
  { steps, main }: CompiledTransaction,
  transaction: Transaction,
  guarded: boolean,
  maxCost: number | undefined,
): Promise<readonly StepResult[]> {
  if (guarded) {
    await transaction.query('SAVEPOINT pgrst_step');
    await transaction.query('SET TRANSACTION READ ONLY');
  }
  const found: StepResult[] = [];
  for (const [index, statement] of steps.entries()) {
    if (index === main && maxCost !== undefined)
      checkCost(await runStatement(costStatement(statement), transaction), maxCost);
    found.push(await runStatement(statement, transaction));
  }
  if (guarded) await transaction.query('RELEASE SAVEPOINT pgrst_step');
  return found;
}

async function runStatement({ text, values }: Statement, transaction: Transaction): Promise<StepResult> {
  const { rows } = await transaction.query<Record<string, string | null>>(text, values);
  const texts = rows.map((row) => Object.values(row));
  return { rows: texts, cells: texts.map((row) => row.map(bytesOf)), command: '' };
}

const bytesOf = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));

function checkExpectation({ expectation: { least, most, version } }: BatchStep, { rows }: ResultRow): void {
  const tooFew = least !== undefined && rows < least;
  const tooMany = most !== undefined && rows > most;
  if (!tooFew && !tooMany) return;
  const wanted = tooFew ? `at least ${least}` : `at most ${most}`;
  const of = version.size > 0 ? ` of the expected version` : '';
  throw restError('STACK603', { details: `There are ${rows} rows${of}, expected were ${wanted}` });
}
