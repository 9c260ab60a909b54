import { quoteIdentifier } from '#kernel/sql';
import type { CallPlan } from '../plan/call-plan.ts';
import type { BodyFormat, Explain } from '../plan/media.ts';
import type { LevelPlan } from '../plan/read-plan.ts';
import type { WritePlan } from '../plan/write-plan.ts';
import { bodySql, rowsAlias } from './body.ts';
import { callSql } from './call.ts';
import { countSql } from './count.ts';
import { Parameters, type Statement } from './parameters.ts';
import { readSql } from './read.ts';
import { insertedCounter, writeSql } from './write.ts';

/** Name of the CTE that holds the query or change itself. */
export const sourceName = 'pgrst_source';
const shapedName = 'pgrst_shaped';

/** Columns of a main statement's one row, in order. */
export const resultColumns = {
  total: 0,
  rows: 1,
  body: 2,
  headers: 3,
  status: 4,
  inserted: 5,
  location: 6,
} as const;

// Set inside a transaction, these settings leave an empty text behind in the session.
const responseSettings =
  `nullif(current_setting('response.headers', true), '') AS response_headers, ` +
  `nullif(current_setting('response.status', true), '') AS response_status`;

/** How many rows the whole is asked to have: `countUpTo` bounds the counting. */
export interface CountRequest {
  readonly countUpTo: number | undefined;
}

/** The statement of a read. */
export function readStatement(level: LevelPlan, format: BodyFormat, count: CountRequest | undefined): Statement {
  const parameters = new Parameters();
  const source = readSql(level, parameters);
  const counted = count === undefined ? undefined : countCte(level, count, parameters);
  const ctes = [`${sourceName} AS (${source})`];
  if (counted !== undefined) ctes.push(counted);
  const text = outerSql({
    ctes,
    total: totalSql(counted !== undefined),
    body: bodySql(format, 'rows', sourceName),
    inserted: `''`,
    location: undefined,
    from: `SELECT * FROM ${sourceName}`,
  });
  return { text, values: parameters.values };
}

/** The statement of a write. */
export function writeStatement(plan: WritePlan, format: BodyFormat): Statement {
  const parameters = new Parameters();
  const source = writeSql(plan, parameters);
  const shaped = plan.shape === undefined ? `SELECT * FROM ${sourceName}` : readSql(plan.shape, parameters);
  const { ctes, from } = withShape([`${sourceName} AS (${source})`], shaped, format);
  const countsInserted = plan.change.kind === 'insert' && plan.change.countsInserted;
  const text = outerSql({
    ctes,
    total: `''::text`,
    body: bodySql(format, 'rows', shapedName),
    inserted: countsInserted ? `current_setting('${insertedCounter}', true)` : `''`,
    location: plan.locationKey.length === 0 ? undefined : locationSql,
    from,
  });
  return { text, values: parameters.values };
}

/** The statement of a call. */
export function callStatement(plan: CallPlan, format: BodyFormat, count: CountRequest | undefined): Statement {
  const parameters = new Parameters();
  const source = callSql(plan, parameters);
  const isSingle = plan.result === 'row' || plan.result === 'value';
  const counted = count === undefined || isSingle ? undefined : countCte(plan.shape, count, parameters);
  const shaped = readSql(plan.shape, parameters);
  const before = [`${sourceName} AS (${source})`];
  if (counted !== undefined) before.push(counted);
  const { ctes, from } = withShape(before, shaped, format);
  const text = outerSql({
    ctes,
    total: count !== undefined && isSingle ? '1' : totalSql(counted !== undefined),
    body: bodySql(format, plan.result, shapedName),
    inserted: `''`,
    location: undefined,
    from,
  });
  return { text, values: parameters.values };
}

/** The statement that tells how many rows the planner expects in all. */
export function planCountStatement(level: LevelPlan): Statement {
  const parameters = new Parameters();
  return { text: `EXPLAIN (FORMAT JSON) ${countSql(level, parameters)}`, values: parameters.values };
}

/** A statement explained instead of answered. */
export function explainStatement({ text, values }: Statement, { format, options }: Explain): Statement {
  const words = [`FORMAT ${format.toUpperCase()}`, ...options.map((option) => option.toUpperCase())];
  return { text: `EXPLAIN (${words.join(', ')}) ${text}`, values };
}

function countCte(level: LevelPlan, { countUpTo }: CountRequest, parameters: Parameters): string {
  const limit = countUpTo === undefined ? '' : ` LIMIT ${parameters.add(String(countUpTo))}`;
  return `${sourceName}_count AS (${countSql(level, parameters)}${limit})`;
}

const totalSql = (counted: boolean): string =>
  counted ? `(SELECT pg_catalog.count(*) FROM ${sourceName}_count)` : 'null::bigint';

// The keys of CSV are those of the rows that are shown, so these need a name.
function withShape(before: readonly string[], shaped: string, format: BodyFormat): { ctes: string[]; from: string } {
  if (format.kind !== 'csv') return { ctes: [...before], from: shaped };
  return { ctes: [...before, `${shapedName} AS (${shaped})`], from: `SELECT * FROM ${shapedName}` };
}

const locationSql =
  `CASE WHEN pg_catalog.count(${rowsAlias}) = 1 THEN (` +
  `SELECT json_agg(json_build_array(key.key, key.value)) FROM (SELECT * FROM ${sourceName} LIMIT 1) one, ` +
  'json_each_text(row_to_json(one)) key) END';

interface OuterSql {
  readonly ctes: readonly string[];
  readonly total: string;
  readonly body: string;
  readonly inserted: string;
  readonly location: string | undefined;
  readonly from: string;
}

// The body stands before the settings: a function in it may be what sets them.
function outerSql({ ctes, total, body, inserted, location, from }: OuterSql): string {
  return (
    `WITH ${ctes.join(', ')} SELECT ${total} AS total_result_set, pg_catalog.count(${rowsAlias}) AS page_total, ` +
    `${body} AS body, ${responseSettings}, ${inserted} AS response_inserted` +
    `${location === undefined ? '' : `, ${location} AS header`} FROM (${from}) ${rowsAlias}`
  );
}

/** A call of the function that runs before each statement. */
export function preRequestStatement(schema: string, name: string): Statement {
  const called = schema === '' ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  return { text: `SELECT ${called}()`, values: [] };
}
