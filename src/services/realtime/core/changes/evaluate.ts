import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#kernel/log';
import type { RowChange } from '#kernel/replication';
import type { Database } from '#kernel/sql';
import { arrayLiteral } from '../../sql/changes/array-literal.ts';
import { type Comparison, compareAll, jsonOf } from '../../sql/changes/filters.ts';
import { type Guard, guardStep, readGuard } from '../../sql/changes/guard.ts';
import type { Shape } from './audience.ts';
import { authoriseAll } from './authorise.ts';
import { type TableChange, withGenerated } from './generated.ts';
import { handOver } from './hand-over.ts';
import type { Job } from './job.ts';
import type { PreparedTerm } from './match/filter-test.ts';
import type { FilterPreparer } from './match/prepare.ts';
import { type ForeignJson, foreignKey, foreignValues, type PayloadLimits } from './payload.ts';
import type { Registry } from './registry.ts';
import { type Change, readChange } from './row.ts';
import type { Table, Tables } from './tables.ts';

/** What deciding about changes needs. */
export interface EvaluateContext {
  readonly db: Database;
  readonly tables: Tables;
  readonly preparer: FilterPreparer;
  readonly limits: PayloadLimits;
  readonly log: Logger;
  /** Runs of the executor for authorisation were made. */
  readonly counted: (runs: number) => void;
  /** Changes that came together are decided, after so many milliseconds. */
  readonly decided: (milliseconds: number) => void;
}

const invisiblePause = 2;

/**
 * Finds out who gets which of these changes, and hands them over in order (spec §2.3). Nothing is handed over before all is
 * known, so it may be called again when it throws.
 *
 * @param registry whose members get them
 */
export async function evaluate(
  context: EvaluateContext,
  registry: Registry,
  sources: readonly RowChange[],
): Promise<void> {
  const wanted = sources.filter(({ relation }) => registry.wants(relation.schema, relation.name));
  if (wanted.length === 0) return;
  const began = performance.now();
  const tables = await tablesOf(context, wanted);
  const read: TableChange[] = [];
  for (const source of wanted) {
    const table = tables.get(source.relation.oid);
    if (table) read.push({ table, change: readChange(source, table.info.primaryKey) });
  }
  const jobs = (await withGenerated(context.db, read)).map(({ table, change }): Job => {
    const audience = registry.audience(table, change.relation.schema, change.relation.name);
    return { change, audience, matched: [], decisions: new Map(), granted: new Set() };
  });
  for (const audience of new Set(jobs.map((job) => job.audience))) await audience.settle(context.preparer);
  await matchAll(context, jobs);
  await authoriseAll(context, jobs);
  const foreign = await foreignJson(context, jobs);
  context.decided(performance.now() - began);
  for (const job of jobs) handOver(job, { types: context.tables.type, foreign, limits: context.limits });
}

/** The tables as of a moment at which everybody sees the changes. */
async function tablesOf(
  { db, tables, log }: EvaluateContext,
  changes: readonly RowChange[],
): Promise<Map<number, Table | undefined>> {
  const oids = new Set(changes.map(({ relation }) => relation.oid));
  const xids = new Set(changes.map(({ transaction }) => transaction.xid));
  await tables.learn(changes.flatMap(({ relation }) => relation.columns.map(({ typeOid }) => typeOid)));
  for (let attempt = 1; ; attempt++) {
    const guard = await guardNow(db, xids, tables.watched(oids));
    if (!guard.isVisible) {
      if (attempt % 5_000 === 0) log.warn({}, 'changes wait for their transaction to become visible');
      await sleep(invisiblePause);
      continue;
    }
    const found = new Map<number, Table | undefined>();
    let isStale = false;
    for (const oid of oids) {
      const table = await tables.get(oid, guard);
      if (table === 'stale') isStale = true;
      else found.set(oid, table);
    }
    if (!isStale) return found;
  }
}

async function guardNow(db: Database, xids: Iterable<number>, oids: Iterable<number>): Promise<Guard> {
  const [result] = await db.pipeline({ role: '', steps: [guardStep(xids, oids)] });
  return readGuard(result?.rows[0]);
}

async function matchAll({ db }: EvaluateContext, jobs: readonly Job[]): Promise<void> {
  const questions: {
    readonly shapes: Shape[];
    readonly shape: Shape;
    readonly terms: PreparedTerm[];
    readonly job: Job;
  }[] = [];
  for (const job of jobs) {
    const matched: Shape[] = [];
    job.matched = matched;
    for (const shape of job.audience.candidates(job.change)) {
      const open = openTerms(shape, job.change);
      if (open === 'no') continue;
      if (open.length === 0) matched.push(shape);
      else questions.push({ shapes: matched, shape, terms: open, job });
    }
  }
  if (questions.length === 0) return;
  const comparisons = questions.flatMap(({ terms, job }) => terms.map((term) => comparisonOf(term, job.change)));
  const truths = await compareAll(db, comparisons);
  let at = 0;
  for (const { shapes, shape, terms } of questions) {
    const results = terms.map(({ term }) => {
      const truth = truths[at++];
      return typeof truth === 'boolean' && truth !== term.isNegated;
    });
    if (results.every(Boolean)) shapes.push(shape);
  }
}

/** Conditions that only the database can decide, or `no` when another one does not hold. */
function openTerms({ terms }: Shape, { row }: Change): PreparedTerm[] | 'no' {
  const open: PreparedTerm[] = [];
  for (const prepared of terms ?? []) {
    const value = row.get(prepared.term.column);
    // What was not sent, a column outside the identity of a deleted row for example, matches nothing.
    const result = value === undefined ? false : prepared.test(value);
    if (result === false) return 'no';
    if (result === 'ask') open.push(prepared);
  }
  return open;
}

function comparisonOf({ term, type }: PreparedTerm, { row }: Change): Comparison {
  const right = term.operator === 'in' ? arrayLiteral(term.values) : term.value;
  return { operator: term.operator, type: type.sqlName, left: row.get(term.column) ?? null, right };
}

async function foreignJson({ db, tables }: EvaluateContext, jobs: readonly Job[]): Promise<ForeignJson> {
  const wanted = new Map<string, { type: string; text: string }>();
  for (const { change, matched } of jobs) {
    if (matched.length === 0) continue;
    for (const { typeOid, text } of foreignValues(change, tables.type)) {
      const type = tables.type(typeOid)?.sqlName;
      if (type) wanted.set(foreignKey(typeOid, text), { type, text });
    }
  }
  if (wanted.size === 0) return new Map();
  const json = await jsonOf(db, [...wanted.values()]);
  return new Map([...wanted.keys()].map((key, index) => [key, json[index] as string]));
}
