import { renderError, restError } from '../../errors.ts';
import type { DatabasePlan } from '../compile/transaction.ts';
import type { RestConfig } from '../config.ts';
import { canonicalQuery } from '../grammar/query-string.ts';
import type { BodyFormat } from '../plan/media.ts';
import type { CallRequestPlan, ReadRequestPlan, WriteRequestPlan } from '../plan/request-plan.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { contentRange, rangeStatus } from '../request/rows-range.ts';
import type { Answer } from './answer.ts';
import { appliedPreferences } from './applied-preferences.ts';
import { escapedHeaderText, headerText } from './header-text.ts';
import type { ResultRow } from './result.ts';

type Headers = Record<string, string>;

/** The answer to a request that went well. */
export function answerTo(request: ApiRequest, plan: DatabasePlan, row: ResultRow, config: RestConfig): Answer {
  const applied = appliedPreferences(request, plan, config);
  switch (plan.kind) {
    case 'read':
      return readAnswer(request, plan, row, applied);
    case 'write':
      return writeAnswer(request, plan, row, applied);
    case 'call':
      return callAnswer(request, plan, row, applied);
  }
}

/** The answer to a request whose plan was asked for. @param lines rows of EXPLAIN */
export function explainAnswer(plan: DatabasePlan, lines: readonly string[]): Answer {
  return {
    status: 200,
    statusText: undefined,
    headers: { 'Content-Type': plan.media.contentType },
    body: lines.join('\n'),
  };
}

function readAnswer(request: ApiRequest, plan: ReadRequestPlan, row: ResultRow, applied: Headers): Answer {
  const { name } = plan.level.from;
  const query = request.parameters.length === 0 ? '' : `?${canonicalQuery(request.parameters)}`;
  const headers: Headers = {
    ...contentHeaders(request, plan.media.contentType),
    'Content-Range': contentRange(request.range.offset, row.rows, row.total),
    'Content-Location': escapedHeaderText(`/${name}${query}`),
    ...applied,
  };
  return rangedAnswer(
    request.range.offset,
    row,
    headers,
    plan.headersOnly ? undefined : bodyOf(plan.media.format, row),
  );
}

function callAnswer(request: ApiRequest, plan: CallRequestPlan, row: ResultRow, applied: Headers): Answer {
  const range = { 'Content-Range': contentRange(request.range.offset, row.rows, row.total) };
  if (plan.routine.returns.isVoid)
    return { status: 204, statusText: undefined, headers: { ...range, ...applied }, body: undefined };
  const headers = { ...contentHeaders(request, plan.media.contentType), ...range, ...applied };
  return rangedAnswer(
    request.range.offset,
    row,
    headers,
    plan.headersOnly ? undefined : bodyOf(plan.media.format, row),
  );
}

/** An offset behind the last row is an error that is only known now; it keeps what else was to be said. */
function rangedAnswer(offset: number, row: ResultRow, headers: Headers, body: Answer['body']): Answer {
  const status = rangeStatus(offset, row.rows, row.total);
  if (status !== 416) return { status, statusText: undefined, headers, body };
  const details = `An offset of ${offset} was requested, but there are only ${row.total} rows.`;
  const error = renderError(restError('PGRST103', { details }));
  return { status, statusText: undefined, headers, body: body === undefined ? undefined : error };
}

function writeAnswer(request: ApiRequest, plan: WriteRequestPlan, row: ResultRow, applied: Headers): Answer {
  const shown = plan.write.shape !== undefined;
  const isNew = row.inserted === undefined || row.inserted > 0;
  const headers: Headers = {
    ...(shown && contentHeaders(request, plan.media.contentType)),
    ...writtenRange(request, plan, row),
    ...(row.location !== null && { Location: locationOf(plan.write.table.name, row.location) }),
    ...applied,
  };
  const body = shown ? bodyOf(plan.media.format, row) : undefined;
  const answer = (status: number, content: Answer['body']): Answer => ({
    status,
    statusText: undefined,
    headers,
    body: content,
  });
  if (plan.action === 'insert') return answer(isNew ? 201 : 200, body ?? '');
  if (!shown) return answer(204, undefined);
  return answer(plan.action === 'upsert' && isNew ? 201 : 200, body);
}

function writtenRange({ preferences }: ApiRequest, { action }: WriteRequestPlan, { rows }: ResultRow): Headers {
  const total = preferences.count === undefined ? undefined : rows;
  switch (action) {
    case 'upsert':
      return {};
    case 'update':
      return { 'Content-Range': contentRange(0, rows, total) };
    default:
      return { 'Content-Range': contentRange(0, 0, total) };
  }
}

/** `/table?key=eq.value`, from pairs as JSON. */
function locationOf(table: string, pairs: string): string {
  const keys = (JSON.parse(pairs) as readonly (readonly [string, string | null])[]).map(
    ([name, value]) => `${encodeURIComponent(name)}=${value === null ? 'is.null' : `eq.${encodeURIComponent(value)}`}`,
  );
  return escapedHeaderText(`/${table}?${keys.join('&')}`);
}

function contentHeaders({ namesSchema, schema }: ApiRequest, type: string): Headers {
  return namesSchema ? { 'Content-Type': type, 'Content-Profile': headerText(schema) } : { 'Content-Type': type };
}

const jsonbVersion = Buffer.from([1]);

/** The body as the database made it. Bytes come as hexadecimal text. */
function bodyOf(format: BodyFormat, { body }: ResultRow): Buffer {
  const media = format.kind === 'aggregate' ? format.handler : format.kind === 'result' ? format.media : undefined;
  if (media === undefined) return body;
  if (media.isBinary) return Buffer.from(body.toString('latin1', 2), 'hex');
  // In the binary form that upstream passes on, jsonb begins with its version.
  return media.isJsonb ? Buffer.concat([jsonbVersion, body]) : body;
}
