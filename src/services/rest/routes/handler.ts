import type { IncomingMessage, ServerResponse } from 'node:http';
import { abortSignalOf, readBody, requestContext } from '#kernel/http';
import type { Logger } from '#kernel/log';
import type { Database } from '#kernel/sql';
import { type AnswerTools, answerRequest } from '../core/answer-request.ts';
import { withStep } from '../core/batch/batch-answer.ts';
import { StepError } from '../core/batch/batch-step.ts';
import type { BatchLimits } from '../core/batch/parse-batch.ts';
import { answerBatch } from '../core/batch/run-batch.ts';
import type { RawRequest } from '../core/request/api-request.ts';
import type { Answer } from '../core/respond/answer.ts';
import { failureAnswer, failureOf } from '../core/respond/failure.ts';
import { createTimer, type Timer } from '../core/respond/timing.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { restError } from '../errors.ts';
import type { RestSettings } from '../settings.ts';
import { accessLine, isLogged } from './access-log.ts';
import { corsHeaders, isPreflight } from './cors.ts';
import { sendAnswer } from './send.ts';

/** What the handler is joined with. */
export interface HandlerOptions {
  /** Undefined before the start. */
  readonly state: () => { readonly database: Database; readonly snapshot: Snapshot } | undefined;
  readonly log: Logger;
  readonly maxBodySize: number;
  readonly retries: number;
  readonly batch: BatchLimits & { readonly size: number };
  /** Which requests on the own port are logged. */
  readonly logLevel: RestSettings['accessLogLevel'];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Seconds until a lost database is tried again. */
  readonly retryAfter: () => number;
}

/** Methods that carry a body which means something. */
const withBody: ReadonlySet<string> = new Set(['POST', 'PATCH', 'PUT']);
const noBody = Buffer.alloc(0);
const publicPrefix = '/rest/v1';
const batchPath = /^\/(\$|%24)batch$/;

/** Creates the handler of mount `rest`. The request's own grammar is the router. */
export function createHandler(options: HandlerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void handle(options, request, response);
  };
}

/** What is known of the caller when the answer is there. */
interface RoleSeen {
  isAnonymous: boolean;
  name: string | undefined;
}

async function handle(options: HandlerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const state = options.state();
  const config = state?.snapshot.config;
  const timer = createTimer(config?.serverTiming ?? false, () => performance.now());
  const { viaGateway } = requestContext(request);
  const preflight = isPreflight(request.method, request.headers);
  const more = corsHeaders(request.headers, config?.corsOrigins ?? [], !viaGateway, preflight);
  if (config?.traceHeader !== undefined) more[config.traceHeader] = headerOf(request, config.traceHeader) ?? '';
  if (preflight && !viaGateway) {
    sendAnswer(response, { status: 200, statusText: undefined, headers: {}, body: '' }, more);
    return;
  }
  const role: RoleSeen = { isAnonymous: true, name: undefined };
  let answer: Answer;
  try {
    if (state === undefined) throw restError('PGRST002');
    answer = await work(options, state, request, response, timer, role);
    timer.end('response');
    const timing = timer.header();
    if (timing !== undefined) more['Server-Timing'] = timing;
  } catch (error) {
    answer = refusal(options, request, error, role.isAnonymous);
  }
  try {
    sendAnswer(response, request.method === 'HEAD' ? { ...answer, body: undefined } : answer, more);
  } catch (error) {
    // Something SQL said cannot be sent, e.g. a header of a form that was not foreseen.
    answer = refusal(options, request, error, role.isAnonymous);
    sendAnswer(response, answer, more);
  }
  // Behind a gateway it is the gateway that logs.
  if (!viaGateway && isLogged(options.logLevel, answer.status)) {
    const bytes = answer.body === undefined ? 0 : Buffer.byteLength(answer.body);
    const { status } = answer;
    options.log.info(
      { reqId: requestContext(request).id },
      accessLine(request, { status, bytes, role: role.name, time: options.now() }),
    );
  }
}

async function work(
  options: HandlerOptions,
  { database, snapshot }: { readonly database: Database; readonly snapshot: Snapshot },
  request: IncomingMessage,
  response: ServerResponse,
  timer: Timer,
  role: RoleSeen,
): Promise<Answer> {
  const { headers } = request;
  const known = snapshot.authenticator.authenticate(headers.authorization, options.now());
  const caller = known instanceof Promise ? await known : known;
  role.isAnonymous = caller.isAnonymous;
  role.name = caller.role;
  timer.end('jwt');
  if (snapshot.cache === undefined) throw restError('PGRST002');
  const method = request.method ?? 'GET';
  const url = requestTarget(request);
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const isBatch = method === 'POST' && batchPath.test(path) && options.batch.steps > 0;
  const body = withBody.has(method)
    ? await readBody(request, isBatch ? options.batch.size : options.maxBodySize)
    : noBody;
  const raw: RawRequest = {
    method,
    path,
    query: mark < 0 ? '' : url.slice(mark + 1),
    header: (name) => headerOf(request, name),
    body,
  };
  const tools: AnswerTools = {
    database,
    prepare: snapshot.config.preparedStatements,
    retries: options.retries,
    baseUrl: () => baseUrlOf(request),
    timer,
    logQuery: snapshot.config.logQuery
      ? (sql) => options.log.info({ reqId: requestContext(request).id, sql }, 'rest: a statement')
      : undefined,
    signal: abortSignalOf(response),
  };
  if (isBatch) return answerBatch({ raw, headers, caller }, snapshot, options.batch, tools);
  return answerRequest(raw, headers, caller, snapshot, tools);
}

/** Path and query, without the public prefix that clients append to the bare listener too. */
function requestTarget(request: IncomingMessage): string {
  const url = asUtf8(request.url ?? '/');
  if (requestContext(request).prefix !== '' || !url.startsWith(publicPrefix)) return url;
  const rest = url.slice(publicPrefix.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}

const ascii = /^[ -~]*$/;

// Node reads a request's first line as Latin-1; clients that do not escape mean UTF-8.
const asUtf8 = (text: string): string => (ascii.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8'));

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.join(', ');
}

function baseUrlOf(request: IncomingMessage): string {
  const encrypted = (request.socket as { encrypted?: boolean }).encrypted === true;
  const scheme = headerOf(request, 'x-forwarded-proto') ?? (encrypted ? 'https' : 'http');
  const host = headerOf(request, 'x-forwarded-host') ?? request.headers.host ?? 'localhost';
  const url = `${scheme}://${host}${requestContext(request).prefix}/`;
  return URL.canParse(url) ? url : 'http://localhost/';
}

function refusal(
  { log, retryAfter }: HandlerOptions,
  request: IncomingMessage,
  thrown: unknown,
  isAnonymous: boolean,
): Answer {
  const step = thrown instanceof StepError ? thrown : undefined;
  const failure = failureOf(step === undefined ? thrown : step.cause, { isAnonymous, retryAfter: retryAfter() });
  const { code, status, cause } = failure.error;
  if (status >= 500) {
    const fields = { reqId: requestContext(request).id, code, err: cause ?? thrown };
    if (code === 'PGRSTX00') log.error(fields, 'rest: a request failed for no known reason');
    else log.warn(fields, 'rest: a request failed');
  }
  const answer = failureAnswer(failure);
  return step === undefined ? answer : withStep(answer, step);
}
