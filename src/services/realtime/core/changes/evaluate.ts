import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#kernel/log';
import type { RowChange } from '#kernel/replication';
import type { Database } from '#kernel/sql';
import { arrayLiteral } from '../../sql/changes/array-literal.ts';
import { type Comparison, compareAll, jsonOf } from '../../sql/changes/filters.ts';
import { type Guard, guardStep, readGuard } from '../../sql/changes/guard.ts';
import type { Audience, Shape } from './audience.ts';
import type { ChangeEvent } from './feed.ts';
import { type TableChange, withGenerated } from './generated.ts';
import type { PreparedTerm } from './match/filter-test.ts';
import type { FilterPreparer } from './match/prepare.ts';
import type { Member, Subscriber } from './member.ts';
import { changeData, errorData, type ForeignJson, foreignKey, foreignValues, type PayloadLimits } from './payload.ts';
import { askVisible, type Question } from './policy/ask.ts';
import type { Decision, Group } from './policy/groups.ts';
import type { Registry } from './registry.ts';
import { type Change, readChange } from './row.ts';
import type { RoleView, Table, Tables } from './tables.ts';

/** What deciding about changes needs. */
export interface EvaluateContext {
  readonly db: Database;
  readonly tables: Tables;
  readonly preparer: FilterPreparer;
  readonly limits: PayloadLimits;
  readonly log: Logger;
  /** Runs of the executor for authorisation were made. */
  readonly counted: (runs: number) => void;
}

interface Job {
  readonly change: Change;
  readonly audience: Audience;
  matched: readonly Shape[];
  /** By role. */
  readonly decisions: Map<string, Decision>;
  /** Groups that the database lets see the row. */
  readonly granted: Set<Group>;
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
  for (const job of jobs) deliver(context, job, foreign);
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

/** INSERT and UPDATE of what cannot be looked up again: its subscribers are told of that instead. */
function errorFor({ change, audience }: Job, view: RoleView): string | undefined {
  if (change.type === 'DELETE') return undefined;
  if (audience.table.info.primaryKey.length === 0) return 'Error 400: Bad Request, no primary key';
  return view.seesKey ? undefined : 'Error 401: Unauthorized';
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

async function authoriseAll(context: EvaluateContext, jobs: readonly Job[]): Promise<void> {
  const open = new Map<Audience, Map<string, Job[]>>();
  for (const job of jobs) {
    // A deleted row cannot be looked up: whoever the filters match is told, of the key only (see payload).
    if (job.change.type === 'DELETE') continue;
    for (const { view } of new Set(job.matched)) {
      if (errorFor(job, view) || job.decisions.has(view.role)) continue;
      const decision = job.audience.groups(view.role)?.decide(job.change.row);
      if (!decision) continue;
      job.decisions.set(view.role, decision);
      if (decision.open.size === 0) continue;
      const roles = open.get(job.audience) ?? new Map<string, Job[]>();
      open.set(job.audience, roles);
      roles.set(view.role, [...(roles.get(view.role) ?? []), job]);
    }
  }
  const asked: Promise<void>[] = [];
  for (const [audience, roles] of open) for (const [role, of] of roles) asked.push(askAll(context, audience, role, of));
  await Promise.all(asked);
}

async function askAll(context: EvaluateContext, audience: Audience, role: string, jobs: readonly Job[]): Promise<void> {
  const { info, columns } = audience.table;
  const key = info.primaryKey.map((name) => ({ name, sqlName: columns.get(name)?.type.sqlName ?? 'text' }));
  const places = new Map<Group, Map<string, { readonly values: string[]; readonly jobs: Job[] }>>();
  for (const job of jobs) {
    const values = info.primaryKey.map((name) => job.change.row.get(name) ?? '');
    const text = JSON.stringify(values);
    for (const group of wantingGroups(job, role, audience)) {
      const rows = places.get(group) ?? new Map<string, { values: string[]; jobs: Job[] }>();
      places.set(group, rows);
      const row = rows.get(text) ?? { values, jobs: [] };
      rows.set(text, row);
      row.jobs.push(job);
    }
  }
  const questions = [...places].map(([group, rows]): Question & { readonly rows: { readonly jobs: Job[] }[] } => {
    const list = [...rows.values()];
    return { group, keys: list.map(({ values }) => values), rows: list };
  });
  const failed = (error: unknown) => context.log.debug({ err: error, role, table: info.name }, 'a policy failed');
  const answers = await askVisible({ ...context, failed }, { ...info, key }, role, questions);
  for (const [index, visible] of answers.entries())
    for (const row of visible)
      for (const job of questions[index]?.rows[row]?.jobs ?? []) job.granted.add(questions[index]?.group as Group);
}

/** Groups to ask about a row: only those with a member whose filters match. */
function wantingGroups(job: Job, role: string, audience: Audience): Set<Group> {
  const open = job.decisions.get(role)?.open ?? new Set<Group>();
  const groups = audience.groups(role);
  const wanting = new Set<Group>();
  for (const shape of job.matched) {
    if (shape.view.role !== role) continue;
    for (const member of shape.members) {
      const group = groups?.groupOf(member);
      if (group && open.has(group)) wanting.add(group);
    }
  }
  return wanting;
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

interface Recipient {
  readonly view: RoleView;
  readonly select: readonly string[] | undefined;
  readonly error: string | undefined;
  readonly ids: number[];
}

/** One event for each set of columns, with the ids of all bindings that match; equal ones are made once. */
function deliver({ tables, limits }: EvaluateContext, job: Job, foreign: ForeignJson): void {
  const { change, audience } = job;
  const recipients = new Map<Subscriber, Map<string, Recipient>>();
  const add = ({ subscriber, id }: Member, { view, select }: Shape, error: string | undefined): void => {
    const key = error ? 'error' : (select?.join(' ') ?? '');
    const own = recipients.get(subscriber) ?? new Map<string, Recipient>();
    recipients.set(subscriber, own);
    const recipient = own.get(key) ?? { view, select: error ? undefined : select, error, ids: [] };
    own.set(key, recipient);
    if (!recipient.ids.includes(id)) recipient.ids.push(id);
  };
  for (const shape of audience.asking(change)) {
    const error = errorFor(job, shape.view);
    if (error) for (const member of shape.members) add(member, shape, error);
  }
  for (const shape of job.matched) {
    if (errorFor(job, shape.view) || !shape.view.info.exists) continue;
    const decision = job.decisions.get(shape.view.role);
    const groups = audience.groups(shape.view.role);
    const isOpen = change.type === 'DELETE' || decision?.allowed === 'all';
    for (const member of shape.members)
      if (isOpen || isAllowed(groups?.groupOf(member), decision, job)) add(member, shape, undefined);
  }
  const events = new Map<string, ChangeEvent>();
  const datas = new Map<string, string>();
  for (const [subscriber, own] of recipients)
    for (const [columns, recipient] of own) {
      const dataKey = `${recipient.view.role} ${columns}`;
      const key = `${dataKey} ${recipient.ids.join(' ')}`;
      const event =
        events.get(key) ??
        eventOf(job, recipient, datas.get(dataKey) ?? dataOf(job, recipient, tables.type, foreign, limits));
      events.set(key, event);
      datas.set(dataKey, event.data);
      subscriber.take(event);
    }
}

function isAllowed(group: Group | undefined, decision: Decision | undefined, { granted }: Job): boolean {
  if (!group || !decision) return false;
  return (decision.allowed !== 'all' && decision.allowed.has(group)) || granted.has(group);
}

const eventOf = ({ change }: Job, { ids }: Recipient, data: string): ChangeEvent => ({
  ids,
  type: change.type,
  data,
  position: change.source.position,
});

function dataOf(
  { change, audience }: Job,
  { view, select, error }: Recipient,
  types: Tables['type'],
  foreign: ForeignJson,
  limits: PayloadLimits,
): string {
  if (error) return errorData(change, error);
  return changeData(change, { table: audience.table, view, select }, types, foreign, limits);
}
