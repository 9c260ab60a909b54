import { restError } from '../../errors.ts';
import { findTable, type SchemaCache, type Table } from '../cache/model.ts';
import type { RestConfig } from '../config.ts';
import type { RestQuery } from '../grammar/tree.ts';
import type { ApiRequest } from '../request/api-request.ts';
import type { JsonPayload } from '../request/payload.ts';
import { planCall } from './call.ts';
import { resultShape } from './call-plan.ts';
import { negotiate, notAvailable } from './media.ts';
import { planRead, type ReadInput } from './read.ts';
import type { LevelPlan, LevelSource } from './read-plan.ts';
import type { CallRequestPlan, ReadRequestPlan, RequestPlan, WriteRequestPlan } from './request-plan.ts';
import { returningOf } from './returning.ts';
import { mostSimilar } from './similar.ts';
import { guardRows, planWrite } from './write.ts';

/** Name of the CTE that what is shown of writes and calls is read from. */
const source = 'pgrst_source';

/** Plans a request against the schema cache. @throws what the parts of it throw */
export function planRequest(request: ApiRequest, cache: SchemaCache, config: RestConfig): RequestPlan {
  const { action } = request;
  switch (action.kind) {
    case 'read':
      return planReadRequest(request, action.table, action.headersOnly, cache, config);
    case 'insert':
    case 'update':
    case 'upsert':
    case 'delete':
      return planWriteRequest(request, action.kind, action.table, cache, config);
    case 'call':
      return planCallRequest(request, action, cache, config);
    case 'describe':
      if (!request.accept.some(({ name }) => openapiTypes.has(name))) throw notAvailable(request.accept);
      checkPreferences(request);
      return { kind: 'describe', headersOnly: action.headersOnly };
    case 'options':
      return { kind: 'options', resource: action.resource };
  }
}

const openapiTypes: ReadonlySet<string> = new Set([
  '*/*',
  'application/json',
  'application/openapi+json',
  'application/vnd.oai.openapi+json',
]);
const tooManyForHints = 500;

/** Looks a table up. @throws PGRST205 */
export function requireTable(cache: SchemaCache, schema: string, name: string): Table {
  const table = findTable(cache, schema, name);
  if (table !== undefined) return table;
  const tables = cache.tables.get(schema);
  const near = tables && tables.size < tooManyForHints ? mostSimilar(tables.keys(), name, 0.75) : undefined;
  throw restError('PGRST205', {
    message: `Could not find the table '${schema}.${name}' in the schema cache`,
    hint: near === undefined ? null : `Perhaps you meant the table '${schema}.${near}'`,
  });
}

function checkPreferences({ preferences: { handling, unknown } }: ApiRequest): void {
  if (handling === 'strict' && unknown.length > 0)
    throw restError('PGRST122', { details: `Invalid preferences: ${unknown.join(', ')}` });
}

const atMost = (limit: number | undefined, most: number | undefined): number | undefined =>
  limit === undefined || most === undefined ? (limit ?? most) : Math.min(limit, most);

function readInput(
  request: ApiRequest,
  cache: SchemaCache,
  { maxRows, aggregates }: RestConfig,
  from: LevelSource,
): ReadInput {
  const { query, schema, range } = request;
  return {
    cache,
    schema,
    query,
    from,
    filtersTop: true,
    limit: atMost(range.limit, maxRows),
    offset: range.offset,
    maxRows,
    allowsAggregates: aggregates,
  };
}

function isDefaultSelect({ select }: RestQuery): boolean {
  return select.length === 1 && select[0]?.kind === 'star';
}

function planReadRequest(
  request: ApiRequest,
  name: string,
  headersOnly: boolean,
  cache: SchemaCache,
  config: RestConfig,
): ReadRequestPlan {
  const table = requireTable(cache, request.schema, name);
  const from: LevelSource = { schema: table.schema, name: table.name, alias: undefined, table };
  const level = planRead(readInput(request, cache, config, from));
  const represented = { table, routine: undefined, isDefaultSelect: isDefaultSelect(request.query) };
  const media = negotiate(request.accept, represented, cache, config.planEnabled);
  checkPreferences(request);
  return { kind: 'read', level, media, count: request.preferences.count, headersOnly };
}

function planWriteRequest(
  request: ApiRequest,
  action: WriteRequestPlan['action'],
  name: string,
  cache: SchemaCache,
  config: RestConfig,
): WriteRequestPlan {
  const { query, preferences } = request;
  const table = requireTable(cache, request.schema, name);
  // What is wrong with it is told even when nothing is to be shown.
  const shape = writeShape(request, table, cache, config);
  const write = planWrite({
    kind: action,
    table,
    query,
    preferences,
    payload: request.payload as JsonPayload | undefined,
    shape: preferences.return === 'representation' ? shape : undefined,
  });
  checkPreferences(request);
  const represented = { table, routine: undefined, isDefaultSelect: isDefaultSelect(query) };
  const media = negotiate(request.accept, represented, cache, config.planEnabled);
  if (config.safeUpdate) guardRows(write);
  return { kind: 'write', action, write, media };
}

/** What is shown of changed rows: all of them, in the order asked for. */
function writeShape(request: ApiRequest, table: Table, cache: SchemaCache, config: RestConfig): LevelPlan {
  const from: LevelSource = { schema: '', name: source, alias: table.name, table };
  const input = readInput(request, cache, config, from);
  // The bound on rows is one of reads.
  return planRead({ ...input, filtersTop: false, limit: undefined, offset: 0, maxRows: undefined });
}

function planCallRequest(
  request: ApiRequest,
  action: ApiRequest['action'] & { kind: 'call' },
  cache: SchemaCache,
  config: RestConfig,
): CallRequestPlan {
  const { query, schema, payload, preferences } = request;
  const { routine, args, table, origin } = planCall({ cache, schema, name: action.routine, query, payload });
  const from: LevelSource = { schema: '', name: source, alias: origin, table };
  const shape = planRead(readInput(request, cache, config, from));
  const represented = { table, routine, isDefaultSelect: isDefaultSelect(query) };
  const media = negotiate(request.accept, represented, cache, config.planEnabled);
  checkPreferences(request);
  const result = resultShape(routine);
  if (preferences.handling === 'strict' && preferences.maxAffected !== undefined && !routine.returns.isSet)
    throw restError('PGRST128');
  return {
    kind: 'call',
    call: { routine, args, result, returning: returningOf(shape, table, []), shape },
    routine,
    media,
    count: preferences.count === 'planned' ? undefined : preferences.count,
    readOnly: action.byQuery || routine.volatility !== 'volatile',
    headersOnly: action.headersOnly,
  };
}
